<?php

declare(strict_types=1);

// Compares stored events with what must be there: the exact multiset of type and labels, each event once.
//
//   php compare-events.php EXPECTED ACTUAL UID_KEY
//
// EXPECTED has one event a line, {"event_type": …, "labels": {…}}; blank lines and lines starting with # are left out.
// "{uid:2}" stands for the hash of user id 2 (or of whatever else stands there), "{uid12:2}" for its first 12 digits. ACTUAL holds event lines, whose
// envelope is checked as well. Exit status 0: equal; 1: not, with every difference on standard output.

[, $expectedFile, $actualFile, $uidKey] = $argv;
$problems = [];

function canonical(array $event): string
{
    ksort($event['labels']);
    return json_encode([$event['event_type'], $event['labels']], JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
}

function lines(string $file): array
{
    return file($file, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) ?: [];
}

$expected = [];
foreach (lines($expectedFile) as $line) {
    if (str_starts_with($line, '#')) {
        continue;
    }
    $line = preg_replace_callback(
        '/\{uid(12)?:([^{}]+)\}/',
        static fn(array $m): string => substr(hash_hmac('sha256', $m[2], $uidKey), 0, $m[1] === '' ? 64 : 12),
        $line,
    );
    $expected[] = canonical(json_decode($line, true, 16, JSON_THROW_ON_ERROR));
}

$actual = [];
$ids = [];
foreach (lines($actualFile) as $number => $line) {
    $event = json_decode($line, true, 16, JSON_THROW_ON_ERROR);
    $where = "$actualFile:" . ($number + 1);
    $fields = ['event_type', 'created_at', 'timestamp', 'event_id', 'labels'];
    if ($missing = array_diff($fields, array_keys($event))) {
        $problems[] = "$where lacks " . implode(', ', $missing);
        continue;
    }
    if ($event['created_at'] !== $event['timestamp'] || abs(time() - $event['created_at']) > 3600) {
        $problems[] = "$where: created_at {$event['created_at']}, timestamp {$event['timestamp']}";
    }
    if (!preg_match('/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/', $event['event_id'])) {
        $problems[] = "$where: event_id {$event['event_id']} is no UUIDv4";
    }
    if (isset($ids[$event['event_id']])) {
        $problems[] = "$where: event_id {$event['event_id']} is stored twice";
    }
    $ids[$event['event_id']] = true;
    $actual[] = canonical($event);
}

$counts = array_count_values($actual);
foreach (array_count_values($expected) as $event => $count) {
    if (($counts[$event] ?? 0) !== $count) {
        $problems[] = sprintf('expected %d times, found %d times: %s', $count, $counts[$event] ?? 0, $event);
    }
    unset($counts[$event]);
}
foreach ($counts as $event => $count) {
    $problems[] = sprintf('not expected, found %d times: %s', $count, $event);
}

foreach ($problems as $problem) {
    echo $problem, "\n";
}
printf("%d events expected, %d found\n", count($expected), count($actual));
exit($problems === [] ? 0 : 1);
