<?php

/**
 * @file
 * report.php SAMPLES JSON FINDINGS EVENTS SITES: the server's figures, each with its goal, met or not.
 */

declare(strict_types=1);

require __DIR__ . '/../figures.php';

// Milliseconds that 99 of 100 answers must take less than.
const GOALS = ['page' => 100.0, 'list' => 20.0, 'trend' => 5.0];
// What ingest keeps of its speed beside people who read.
const INGEST_GOAL = 0.8;

[, $samples, $json, $findings, $events, $sites] = $argv;
$values = [];
printf("%-58s %10s %10s %10s\n", '', 'p50 ms', 'p99 ms', 'bytes');
foreach (file($samples, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) as $line) {
  $words = explode(' ', $line);
  if (count($words) === 2) {
    $values[$words[0]][] = (float) $words[1];
    continue;
  }
  [$kind, $name, $answers, $others, $p50, $p99, $max, $bytes] = $words;
  if ((int) $others > 0) {
    stop("$kind $name: $others of $answers answers were not 200");
  }
  $goal = GOALS[$kind];
  $met = (float) $p99 < $goal;
  $missed += $met ? 0 : 1;
  $figures["{$kind}_$name"] = [
    'answers' => (int) $answers, 'p50_ms' => (float) $p50, 'p99_ms' => (float) $p99, 'max_ms' => (float) $max, 'bytes' => (int) $bytes,
    'goal' => "p99 < $goal ms", 'met' => $met,
  ];
  printf("%-58s %10.2f %10.2f %10d  %s\n", "$kind " . strtr($name, '_', ' '), $p50, $p99, $bytes, $met ? "met (< $goal)" : "MISSED (< $goal)");
}

printf("\n%-58s %10s %10s %10s\n", '', 'min', 'median', 'max');
$ratio = fn (string $ours, string $base): array => array_map(fn ($one, $other) => $one / $other, $values[$ours], $values[$base]);
figure('upload of 10 MB', 's', $values['upload_s']);
figure('upload of 10 MB / scan of the same file', 'ratio', $ratio('upload_s', 'scan_s'));
figure('streams open of 200', 'streams', $values['streams_open'], '>=', 200);
figure('hints on all streams', 'hints', $values['stream_hints'], '>=', 200);
figure('streams told within', 'ms', $values['streams_told_within_ms']);
figure('ingest alone', 'events/s', $values['ingest_alone_events_per_s']);
figure('ingest beside 20 people', 'events/s', $values['ingest_beside_events_per_s']);
figure('ingest beside 20 people / alone', 'ratio', $ratio('ingest_beside_events_per_s', 'ingest_alone_events_per_s'), '>=', INGEST_GOAL);
foreach (['people_answers', 'people_told_to_wait', 'people_p50_ms', 'people_p99_ms'] as $name) {
  figure(strtr($name, '_', ' '), str_ends_with($name, 'ms') ? 'ms' : 'answers', $values[$name]);
}
foreach ($values as $name => $each) {
  if (str_starts_with($name, 'memory_') || $name === 'store_mib') {
    figure(strtr(substr($name, 0, -4), '_', ' '), 'MiB', $each);
  }
}
finish($json, ['cpus' => (int) shell_exec('nproc'), 'findings' => (int) $findings, 'events' => (int) $events, 'sites' => (int) $sites]);
