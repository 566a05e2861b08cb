<?php

/**
 * @file
 * report.php SAMPLES PLUGINS JSON LINES: what sources deliver beside their transport alone, each figure with its goal, met or not.
 */

declare(strict_types=1);

require __DIR__ . '/../figures.php';

// Of what the transport alone delivers, redacted and with all rules run.
const RATE_GOAL = 0.8;
// A fleet of 64 targets, in MiB.
const MEMORY_GOAL = 256.0;
// A call of a plugin's function, in nanoseconds: less than a scan takes for a line.
const CALL_GOAL = 700.0;

[, $samples, $plugins, $json, $lines] = $argv;
$values = [];
foreach (file($samples, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) as $line) {
  [$name, $value] = explode(' ', $line);
  $values[$name][] = (float) $value;
}
$transports = [
  'docker' => 'docker logs', 'journald' => 'journalctl -o export', 'ssh' => 'ssh cat',
  'loki' => 'curl', 'graylog' => 'curl', 'opensearch' => 'curl',
];
// Who must have all of it, and does nothing with it.
$readers = [
  'docker' => 'docker logs | cat', 'journald' => 'journalctl -o export | cat', 'ssh' => 'ssh cat | cat',
  'loki' => 'a poller that parses JSON', 'graylog' => 'a poller that parses JSON', 'opensearch' => 'a poller that parses JSON',
];
printf("%-58s %10s %10s %10s\n", '', 'min', 'median', 'max');
foreach ($transports as $source => $transport) {
  // Turns are alone, whole, bare, reader, and the same backwards: each is held against that turn's alone.
  $ratio = fn (string $way): array => array_map(fn ($one, $alone) => $one / $alone, $values["{$source}_$way"], $values["{$source}_alone"]);
  figure("$source: $transport alone", 'lines/s', $values["{$source}_alone"]);
  figure("$source: $readers[$source]", 'lines/s', $values["{$source}_reader"]);
  figure("$source: $readers[$source] / $transport", 'ratio', $ratio('reader'));
  figure("$source: read and redacted", 'lines/s', $values["{$source}_bare"]);
  figure("$source: read and redacted / $transport", 'ratio', $ratio('bare'));
  figure("$source: with all rules", 'lines/s', $values["{$source}_whole"]);
  figure("$source: with all rules / $transport", 'ratio', $ratio('whole'), '>=', RATE_GOAL);
}
figure('fleet of 64: scan', 'lines/s', $values['fleet_scan_lines_per_s']);
figure('fleet of 64: lines of tail', 'lines', $values['fleet_tail_events']);
figure('fleet of 64: peak memory of scan', 'MiB', $values['fleet_scan_peak_mib'], '<=', MEMORY_GOAL);
figure('fleet of 64: peak memory of tail, with all there is', 'MiB', $values['fleet_tail_peak_mib'], '<=', MEMORY_GOAL);
figure('fleet of 64: descriptors of tail', 'descriptors', $values['fleet_tail_descriptors']);
figure('fleet of 64: children of tail', 'processes', $values['fleet_tail_children']);
foreach (json_decode((string) file_get_contents($plugins), TRUE, 16, JSON_THROW_ON_ERROR)['nanoseconds'] as $name => $taken) {
  figure('plugin: ' . strtr($name, '_', ' '), 'ns/record', [$taken['least'], $taken['median'], $taken['most']],
    str_contains($name, 'text_') ? NULL : '<=', CALL_GOAL);
}
finish($json, ['cpus' => (int) shell_exec('nproc'), 'lines' => (int) $lines]);
