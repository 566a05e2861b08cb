<?php

declare(strict_types=1);

namespace Logystera\Client;

/**
 * What an application logs, as a signal of its own: "app.log". Shared by the PSR-3 logger and the Monolog handler.
 *
 * A message's placeholders stay as they are, and of its context only an exception is looked at: its class, file and line. So
 * like messages are alike, and what a context holds never leaves the application.
 */
final class LogSignal
{
    public const TYPE = 'app.log';

    private const LABELS = ['level' => 'string', 'channel' => 'string', 'message' => 'message', 'exception' => 'string', 'file' => 'string',
        'line' => 'int'];

    /**
     * For the option "signals" of a recorder that is to take log entries.
     *
     * @param int<1, 200> $cap how many a request may record; the rest is counted as dropped
     * @return array{type: string, cap: int<1, 200>, labels: array<string, string>}
     */
    public static function declaration(int $cap = 50): array
    {
        return ['type' => self::TYPE, 'cap' => $cap, 'labels' => self::LABELS];
    }

    /**
     * @param string $root the application's directory: files are named relative to it, others by their last part
     */
    public function __construct(private readonly Recorder $recorder, private readonly string $root = '')
    {
    }

    /**
     * @param array<mixed> $context
     */
    public function record(string $level, string $channel, string $message, array $context): bool
    {
        $labels = ['level' => $level, 'channel' => $channel, 'message' => $message];
        $exception = $context['exception'] ?? null;
        if ($exception instanceof \Throwable) {
            // The name of an anonymous class holds the file it stands in.
            $labels['exception'] = explode("\0", $exception::class)[0];
            $labels['file'] = $this->relative($exception->getFile());
            $labels['line'] = $exception->getLine();
        }
        return $this->recorder->record(self::TYPE, $labels);
    }

    private function relative(string $file): string
    {
        $root = rtrim($this->root, '/') . '/';
        return $root !== '/' && str_starts_with($file, $root) ? substr($file, strlen($root)) : basename($file);
    }
}
