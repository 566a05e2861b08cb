<?php

declare(strict_types=1);

namespace Logystera\Client\Tests;

use Logystera\Client\Recorder;

/**
 * Remembers what it is given.
 */
final class MemoryRecorder implements Recorder
{
    /** @var list<array{string, array<string, mixed>}> */
    public array $events = [];
    public int $commits = 0;

    public function wants(string $type): bool
    {
        return true;
    }

    public function record(string $type, array $labels = []): bool
    {
        $this->events[] = [$type, $labels];
        return true;
    }

    public function hashId(string|int $id): string
    {
        return "hash of $id";
    }

    public function commit(): int
    {
        ++$this->commits;
        return count($this->events);
    }

    public function stats(): array
    {
        return ['recording' => true, 'recorded' => count($this->events)];
    }
}
