<?php

declare(strict_types=1);

namespace Logystera\Client;

use Logystera\Agent\Recorder as AgentRecorder;

/**
 * Records with the extension.
 */
final class NativeRecorder implements Recorder
{
    public function __construct(private readonly AgentRecorder $recorder)
    {
    }

    public function wants(string $type): bool
    {
        return $this->recorder->wants($type);
    }

    public function record(string $type, array $labels = []): bool
    {
        return $this->recorder->record($type, $labels);
    }

    public function hashId(string|int $id): string
    {
        return $this->recorder->hashId($id);
    }

    public function commit(): int
    {
        return $this->recorder->commit();
    }

    public function stats(): array
    {
        return $this->recorder->stats();
    }
}
