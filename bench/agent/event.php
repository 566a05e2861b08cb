<?php

/**
 * @file
 * The event every variant writes: the documented http.request, under a name of the same length whose cap is 200, since
 * http.request itself may be recorded once a request.
 */

declare(strict_types=1);

const EVENT_TYPE = 'http.replica';
const EVENTS_PER_REQUEST = 5;
const SEGMENT_BYTES = 5242880;
const TOTAL_BYTES = 52428800;

function event_labels(): array {
  return [
    'method' => 'GET',
    'path' => '/admin/content',
    'status_code' => 200,
    'ip' => '192.168.1.100',
    'is_admin' => TRUE,
    'is_ajax' => FALSE,
    'actor_uid' => 'a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90',
    'ua' => 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  ];
}

/** http.request's labels, as the catalogue has them. */
function recorder_options(): array {
  return [
    'uid_key' => 'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk',
    'signals' => [
      [
        'type' => EVENT_TYPE,
        'cap' => 200,
        'labels' => [
          ['name' => 'method', 'type' => 'string'],
          ['name' => 'path', 'type' => 'path'],
          ['name' => 'status_code', 'type' => 'integer'],
          ['name' => 'ip', 'type' => 'ip'],
          ['name' => 'is_admin', 'type' => 'boolean'],
          ['name' => 'is_ajax', 'type' => 'boolean'],
          ['name' => 'actor_uid', 'type' => 'uid'],
          ['name' => 'ua', 'type' => 'string', 'max_chars' => 200],
        ],
      ],
    ],
  ];
}

/** A version 4 UUID the way PHP code makes one. */
function uuid4(): string {
  $bytes = random_bytes(16);
  $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
  $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
  return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
}

function php_line(array $labels): string {
  $now = time();
  return json_encode([
    'event_type' => EVENT_TYPE,
    'created_at' => $now,
    'timestamp' => $now,
    'event_id' => uuid4(),
    'labels' => $labels,
  ], JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE) . "\n";
}

/** Each event appended under a lock of its own. */
function php_per_event(string $file, array $labels): void {
  for ($i = 0; $i < EVENTS_PER_REQUEST; $i++) {
    file_put_contents($file, php_line($labels), FILE_APPEND | LOCK_EX);
  }
}

/** The same, looking at the file's size and the directory's total before each event. */
function php_per_event_checked(string $file, array $labels): void {
  for ($i = 0; $i < EVENTS_PER_REQUEST; $i++) {
    $line = php_line($labels);
    clearstatcache();
    if (is_file($file) && filesize($file) + strlen($line) > SEGMENT_BYTES) {
      rename($file, $file . '.' . uuid4());
    }
    $total = 0;
    foreach (glob(dirname($file) . '/*.jsonl*') as $name) {
      $total += filesize($name);
    }
    if ($total + strlen($line) <= TOTAL_BYTES) {
      file_put_contents($file, $line, FILE_APPEND | LOCK_EX);
    }
  }
}

/** All events of the request written once at its end. */
function php_batch(string $file, array $labels): void {
  $lines = [];
  for ($i = 0; $i < EVENTS_PER_REQUEST; $i++) {
    $lines[] = php_line($labels);
  }
  file_put_contents($file, implode('', $lines), FILE_APPEND | LOCK_EX);
}

function native(Logystera\Agent\Recorder $recorder, array $labels): void {
  for ($i = 0; $i < EVENTS_PER_REQUEST; $i++) {
    $recorder->record(EVENT_TYPE, $labels);
  }
  $recorder->commit();
}
