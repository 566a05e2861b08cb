<?php

declare(strict_types=1);

namespace Logystera\Client\Psr;

use Logystera\Client\LogSignal;
use Logystera\Client\Recorder;
use Psr\Log\AbstractLogger;
use Psr\Log\InvalidArgumentException;
use Psr\Log\LogLevel;

/**
 * A PSR-3 logger that records entries of a level and above as the signal "app.log" (see LogSignal).
 */
final class Logger extends AbstractLogger
{
    private const SEVERITIES = [LogLevel::DEBUG => 0, LogLevel::INFO => 1, LogLevel::NOTICE => 2, LogLevel::WARNING => 3, LogLevel::ERROR => 4,
        LogLevel::CRITICAL => 5, LogLevel::ALERT => 6, LogLevel::EMERGENCY => 7];

    private readonly LogSignal $signal;
    private readonly int $least;

    /**
     * @param string $level what is below it is passed over
     * @param string $root the application's directory, see LogSignal
     * @throws InvalidArgumentException
     */
    public function __construct(Recorder $recorder, string $level = LogLevel::WARNING, private readonly string $channel = 'app', string $root = '')
    {
        $this->signal = new LogSignal($recorder, $root);
        $this->least = self::severity($level);
    }

    /**
     * @param mixed $level
     * @param array<mixed> $context
     * @throws InvalidArgumentException
     */
    public function log($level, string|\Stringable $message, array $context = []): void
    {
        $name = self::name($level);
        if (self::severity($name) >= $this->least) {
            $this->signal->record($name, $this->channel, (string) $message, $context);
        }
    }

    private static function name(mixed $level): string
    {
        return is_string($level) || $level instanceof \Stringable ? (string) $level : get_debug_type($level);
    }

    private static function severity(string $level): int
    {
        return self::SEVERITIES[$level] ?? throw new InvalidArgumentException(sprintf(
            "There is no log level '%s'; known are %s.",
            preg_replace('/[^ -~]/', '?', substr($level, 0, 64)),
            implode(', ', array_keys(self::SEVERITIES)),
        ));
    }
}
