<?php

/**
 * @file
 * For counting instructions: `php loop.php KIND ROUNDS`, ROUNDS up to 200. The difference between two numbers of rounds is
 * the cost of the difference, start-up and loop taken out by KIND "empty".
 */

declare(strict_types=1);

require __DIR__ . '/event.php';

[, $kind, $rounds, $directory] = $argv;
$rounds = (int) $rounds;
$labels = event_labels();
$recorder = new Logystera\Agent\Recorder($directory, recorder_options());
$event = [
  'event_type' => EVENT_TYPE,
  'created_at' => 1774211679,
  'timestamp' => 1774211679,
  'event_id' => '9ad113c7-0ff8-4dc6-bb68-1b836a90ea80',
  'labels' => $labels,
];
$key = str_repeat('k', 32);
$result = NULL;
// Everything once before it is counted: tables, caches and pages are then as they are in a worker that serves requests.
$recorder->record(EVENT_TYPE, $labels);
$result = json_encode($event, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
$result = $recorder->hashId('42');
$result = hash_hmac('sha256', '42', $key);
switch ($kind) {
  case 'empty':
    for ($i = 0; $i < $rounds; $i++) {
    }
    break;

  case 'record':
    for ($i = 0; $i < $rounds; $i++) {
      $recorder->record(EVENT_TYPE, $labels);
    }
    break;

  case 'json_encode':
    for ($i = 0; $i < $rounds; $i++) {
      $result = json_encode($event, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }
    break;

  case 'hashId':
    for ($i = 0; $i < $rounds; $i++) {
      // Another account each time: those of late are remembered.
      $result = $recorder->hashId(1000000 + $i);
    }
    break;

  case 'hash_hmac':
    for ($i = 0; $i < $rounds; $i++) {
      $result = hash_hmac('sha256', (string) (1000000 + $i), $key);
    }
    break;

  case 'commit':
    // ROUNDS events in one commit, at the end of the request.
    for ($i = 1; $i < $rounds; $i++) {
      $recorder->record(EVENT_TYPE, $labels);
    }
    break;

  default:
    fwrite(STDERR, "loop.php: there is no kind '$kind'\n");
    exit(2);
}
