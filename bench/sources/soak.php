<?php

/**
 * @file
 * soak.php COUNTS SAMPLES JSON SECONDS: whether each line came once, and whether what a process takes stayed what it was.
 */

declare(strict_types=1);

require __DIR__ . '/../figures.php';

// What a process may take more of at the end than before, as medians: of memory in the last sixth of its time than in the one before, since
// SQLite fills its cache of 32 MiB until then (of 600 lines a second, 160 bytes each that stay are 7 MiB in a sixth of ten minutes); of
// others in the last third than in the first.
const MEMORY_GOAL = 2.0;
const DESCRIPTORS_GOAL = 2.0;
// journalctl and ssh.
const CHILDREN_GOAL = 2.0;

[, $counts, $samples, $json, $seconds] = $argv;
$words = ['container' => 'docker', 'service' => 'journald', 'worker' => 'ssh'];
printf("%-58s %10s %10s %10s\n", '', 'min', 'median', 'max');
foreach (file($counts, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) as $line) {
  [$name, $first, $rows, $distinct] = explode(' ', $line);
  if (isset($words[$name])) {
    figure("$words[$name]: lines written", 'lines', [(float) $first]);
    figure("$words[$name]: lines lost", 'lines', [(float) ($first - $distinct)], '<=', 0);
    figure("$words[$name]: lines stored again", 'lines', [(float) ($rows - $distinct)], '<=', 0);
  }
  elseif ($name === 'ended') {
    figure('exit code when it is interrupted', '', [(float) $first], '<=', 0);
  }
  elseif ($name === 'left') {
    figure('processes that are left', 'processes', [(float) $first], '<=', 0);
  }
  else {
    figure(strtr($name, ['kills_' => 'times: ']), 'times', [(float) $first]);
  }
}
$columns = [];
foreach (file($samples, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) as $line) {
  foreach (explode(' ', $line) as $column => $value) {
    $columns[$column][] = (float) $value;
  }
}
$third = intdiv(count($columns[0] ?? []), 3);
if ($third === 0) {
  stop('there are too few samples');
}
$grown = fn (array $values): array => [spread(array_slice($values, -$third))['median'] - spread(array_slice($values, 0, $third))['median']];
figure('memory', 'MiB', $columns[1]);
$sixth = max(1, intdiv($third, 2));
$before = array_slice($columns[1], -2 * $sixth, $sixth);
figure('memory: last sixth of the time less the one before', 'MiB', [spread(array_slice($columns[1], -$sixth))['median'] - spread($before)['median']],
  '<=', MEMORY_GOAL);
figure('descriptors', 'descriptors', $columns[2]);
figure('descriptors: last third less the first', 'descriptors', $grown($columns[2]), '<=', DESCRIPTORS_GOAL);
figure('children at most', 'processes', [spread($columns[3])['max']], '<=', CHILDREN_GOAL);
finish($json, ['seconds' => (int) $seconds, 'samples' => count($columns[0])]);
