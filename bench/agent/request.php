<?php

/**
 * @file
 * One request, all variants in it one after the other, in an order that rotates from request to request. Appends four
 * durations in nanoseconds to the samples file.
 */

declare(strict_types=1);

require __DIR__ . '/event.php';

$directory = getenv('BENCH_DIR');
$labels = event_labels();
$recorder = new Logystera\Agent\Recorder("$directory/native", recorder_options());
$variants = [
  'native' => fn() => native($recorder, $labels),
  'per_event' => fn() => php_per_event("$directory/per_event/buffer-current.jsonl", $labels),
  'batch' => fn() => php_batch("$directory/batch/buffer-current.jsonl", $labels),
  'checked' => fn() => php_per_event_checked("$directory/checked/buffer-current.jsonl", $labels),
];
$names = array_keys($variants);
$round = (int) @filesize("$directory/samples") / 32;
$first = $round % count($names);
$durations = array_fill_keys($names, 0);
foreach (array_merge(array_slice($names, $first), array_slice($names, 0, $first)) as $name) {
  $run = $variants[$name];
  $start = hrtime(TRUE);
  $run();
  $durations[$name] = hrtime(TRUE) - $start;
}
file_put_contents("$directory/samples", pack('P4', ...array_values($durations)), FILE_APPEND);
