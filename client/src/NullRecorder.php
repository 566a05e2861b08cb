<?php

declare(strict_types=1);

namespace Logystera\Client;

/**
 * Takes the same calls and does nothing: the extension is not loaded, or its buffer cannot be used.
 */
final class NullRecorder implements Recorder
{
    public function __construct(private readonly string $whyOff)
    {
    }

    public function wants(string $type): bool
    {
        return false;
    }

    public function record(string $type, array $labels = []): bool
    {
        return false;
    }

    public function hashId(string|int $id): string
    {
        return '';
    }

    public function commit(): int
    {
        return 0;
    }

    public function stats(): array
    {
        return ['recording' => false, 'why_off' => $this->whyOff];
    }
}
