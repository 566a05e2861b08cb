<?php
// report.php SAMPLES JSON: from lines "NAME VALUE" to minimum, median and maximum, their ratios, and whether the bars hold.
declare(strict_types=1);

const BARS = ['one_dispatcher' => 0.4, 'eight_dispatchers' => 0.6];
// What ingest keeps of its speed while 50 pages that read everything are asked for at once.
const SLOW_PAGES_BAR = 0.9;
// What ingest keeps of its speed with detection on, and how long an event may take to be an alert, in ms: half of them, and 99 %.
const DETECTION_BAR = 0.8;
const ALERT_BARS_MS = ['alert_p50_ms' => 100, 'alert_p99_ms' => 2000];
// Above what an idle process takes: bounded means it does not grow with the 50 MB drained.
const MEMORY_BAR_KIB = 128 * 1024;

[, $samplesFile, $jsonFile] = $argv;
$samples = [];
foreach (file($samplesFile, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) as $line) {
  [$name, $value] = explode(' ', $line);
  $samples[$name][] = (float) $value;
}

function spread(array $values): array {
  sort($values);
  return ['min' => $values[0], 'median' => $values[intdiv(count($values), 2)], 'max' => end($values), 'runs' => count($values)];
}

$report = ['cpus' => (int) shell_exec('nproc'), 'batch' => 100];
foreach ($samples as $name => $values) $report[$name] = spread($values);
printf("%-34s %12s %12s %12s\n", '', 'min', 'median', 'max');
foreach ($samples as $name => $values) {
  $s = $report[$name];
  printf("%-34s %12.0f %12.0f %12.0f\n", strtr($name, '_', ' '), $s['min'], $s['median'], $s['max']);
}

$held = true;
foreach (BARS as $name => $bar) {
  // Each run's own ratio: what disturbs the machine for a while disturbs both sides of it.
  $baseline = $name === 'one_dispatcher' ? 'bare_insert' : 'bare_insert_of_eight';
  $ratios = array_map(fn ($ours, $bare) => $ours / $bare, $samples["{$name}_events_per_s"], $samples["{$baseline}_events_per_s"]);
  $report["{$name}_ratio"] = spread($ratios) + ['bar' => $bar];
  $good = $report["{$name}_ratio"]['median'] >= $bar;
  $held = $held && $good;
  printf("%-34s %12.2f %12.2f %12.2f  bar %.1f: %s\n", strtr($name, '_', ' ') . ' ÷ bare insert', ...[
    ...array_slice(array_values($report["{$name}_ratio"]), 0, 3), $bar, $good ? 'held' : 'MISSED',
  ]);
}
// The same, of ingest beside 50 slow pages and without.
$ratios = array_map(fn ($with, $without) => $with / $without, $samples['beside_slow_pages_events_per_s'], $samples['without_slow_pages_events_per_s']);
$report['slow_pages_ratio'] = spread($ratios) + ['bar' => SLOW_PAGES_BAR];
$good = $report['slow_pages_ratio']['median'] >= SLOW_PAGES_BAR;
$held = $held && $good;
printf("%-34s %12.2f %12.2f %12.2f  bar %.1f: %s\n", 'beside 50 slow pages ÷ without', ...[
  ...array_slice(array_values($report['slow_pages_ratio']), 0, 3), SLOW_PAGES_BAR, $good ? 'held' : 'MISSED',
]);
$ratios = array_map(fn ($with, $without) => $with / $without, $samples['with_detection_events_per_s'], $samples['without_detection_events_per_s']);
$report['detection_ratio'] = spread($ratios) + ['bar' => DETECTION_BAR];
$good = $report['detection_ratio']['median'] >= DETECTION_BAR;
$held = $held && $good;
printf("%-34s %12.2f %12.2f %12.2f  bar %.1f: %s\n", 'with detection ÷ without', ...[
  ...array_slice(array_values($report['detection_ratio']), 0, 3), DETECTION_BAR, $good ? 'held' : 'MISSED',
]);
foreach (ALERT_BARS_MS as $name => $bar) {
  $good = $report[$name]['max'] <= $bar;
  $held = $held && $good;
  printf("%-34s %12s %12.0f %12s  bar %d: %s\n", strtr($name, '_', ' '), '', $report[$name]['max'], '', $bar, $good ? 'held' : 'MISSED');
}
foreach (['dispatcher_peak_kib', 'gateway_peak_kib'] as $name) {
  $good = $report[$name]['max'] <= MEMORY_BAR_KIB;
  $held = $held && $good;
  printf("%-34s %12s %12.0f %12s  bar %d: %s\n", strtr($name, '_', ' '), '', $report[$name]['max'], '', MEMORY_BAR_KIB, $good ? 'held' : 'MISSED');
}
$report['bars_held'] = $held;
file_put_contents($jsonFile, json_encode($report, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES) . "\n");
exit($held ? 0 : 1);
