<?php

declare(strict_types=1);

// Stored events on standard input; on standard output the same, but for what depends on how busy the machine is: the time of a
// slow query is replaced by "{slow}" when it fits the statement of the slow page (1.1 s, and less than a request may last), and
// durations, times of drops, MD5 sums, the month of an upload, releases of core and what a database server numbers are replaced;
// other statements that happened to be slow are left out, as long as they say what a slow query has to.

const SLOW_MS = 1000;
const SLOW_PAGE_MS = 1100;
const SLOWEST_MS = 60000;

while (($line = fgets(STDIN)) !== false) {
    $event = json_decode($line, true, 16, JSON_THROW_ON_ERROR);
    if ($event['event_type'] === 'db.slow_query') {
        ['query' => $query, 'time_ms' => $time, 'caller' => $caller] = $event['labels'];
        if (!preg_match('/\\\\(SlowPage::|DatabasePages::slow$)/', $caller) && $time > SLOW_MS && mb_strlen($query) <= 500 && str_contains($caller, '::')) {
            fprintf(STDERR, "slow by itself, %.0f ms: %s\n", $time, $caller);
            continue;
        }
        if ((is_float($time) || is_int($time)) && $time >= SLOW_PAGE_MS && $time < SLOWEST_MS) {
            $event['labels']['time_ms'] = '{slow}';
        }
    }
    foreach (['duration_ms' => 'is_int', 'first_at' => 'is_int', 'last_at' => 'is_int'] as $name => $fits) {
        if ($fits($event['labels'][$name] ?? null)) {
            $event['labels'][$name] = '{time}';
        }
    }
    foreach (['md5_before', 'md5_after'] as $name) {
        if (preg_match('/^[0-9a-f]{32}$/', $event['labels'][$name] ?? '')) {
            $event['labels'][$name] = '{md5}';
        }
    }
    if (str_starts_with($event['event_type'], 'db.') && isset($event['labels']['message'])) {
        $event['labels']['message'] = preg_replace(['/\b(process|Process|transaction|port) \d+/', '/tuple \(\d+,\d+\)/'], ['$1 {n}', 'tuple {n}'], $event['labels']['message']);
    }
    if (isset($event['labels']['path'])) {
        $event['labels']['path'] = preg_replace('#^public://\d{4}-\d\d/#', 'public://{month}/', $event['labels']['path']);
    }
    if ($event['event_type'] === 'update.available' && preg_match('/^(\d+\.\d+)\.\d+$/', $event['labels']['installed'], $release)
        && $event['labels']['recommended'] === "$release[1].999") {
        $event['labels'] = ['installed' => '{installed}', 'recommended' => '{next}'] + $event['labels'];
    }
    echo json_encode($event, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR), "\n";
}
