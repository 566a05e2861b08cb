<?php

/**
 * @file
 * The page the FastCGI client asks for: a few bytes, and events by the variant the query string names.
 */

declare(strict_types=1);

echo "hello\n";
$variant = $_SERVER['QUERY_STRING'];
if ($variant === 'base') {
  return;
}
require __DIR__ . '/event.php';
$labels = event_labels();
$directory = getenv('BENCH_DIR') ?: $_SERVER['BENCH_DIR'];
if ($variant === 'none') {
  return;
}
if ($variant === 'native') {
  $recorder = new Logystera\Agent\Recorder("$directory/native", recorder_options());
  for ($i = 0; $i < EVENTS_PER_REQUEST; $i++) {
    $recorder->record(EVENT_TYPE, $labels);
  }
  return;
}
php_per_event("$directory/per_event/buffer-current.jsonl", $labels);
