<?php

declare(strict_types=1);

namespace Logystera\Client;

/**
 * Writes the signals of one request. As Logystera\Agent\Recorder, which need not be there.
 */
interface Recorder
{
    /** Whether this type is on: ask before computing labels that cost something. */
    public function wants(string $type): bool;

    /**
     * Records one event. False: the type is off or unknown, or its cap is reached.
     *
     * @param array<string, scalar|null|list<string|int>> $labels
     */
    public function record(string $type, array $labels = []): bool;

    /** The keyed hash of a user id, 64 hex digits; empty for the anonymous user, and where nothing is recorded. */
    public function hashId(string|int $id): string;

    /** Commits what is pending now, for a process that runs for long; the end of a request does it anyway. How many events. */
    public function commit(): int;

    /**
     * What this request has recorded so far.
     *
     * @return array{recording: bool, why_off?: string, recorded?: int, committed?: int, pending?: int, truncated?: int, labels_dropped?: int, labels_nulled?: int, dropped?: array<string, int>}
     */
    public function stats(): array;
}
