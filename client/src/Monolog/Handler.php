<?php

declare(strict_types=1);

namespace Logystera\Client\Monolog;

use Logystera\Client\LogSignal;
use Logystera\Client\Recorder;
use Monolog\Handler\AbstractHandler;
use Monolog\Level;
use Monolog\LogRecord;

/**
 * A Monolog 3 handler that records entries of a level and above as the signal "app.log" (see LogSignal). Nothing is formatted: the
 * message goes as it is, and other handlers get every record too unless $bubble is false.
 */
final class Handler extends AbstractHandler
{
    private readonly LogSignal $signal;

    /**
     * @param string $root the application's directory, see LogSignal
     */
    public function __construct(Recorder $recorder, Level $level = Level::Warning, bool $bubble = true, string $root = '')
    {
        parent::__construct($level, $bubble);
        $this->signal = new LogSignal($recorder, $root);
    }

    public function handle(LogRecord $record): bool
    {
        if (!$this->isHandling($record)) {
            return false;
        }
        $this->signal->record($record->level->toPsrLogLevel(), $record->channel, $record->message, $record->context);
        return $this->bubble === false;
    }
}
