<?php

/**
 * @file
 * Records as many events as one request may, like those of pages: `fill.php DIRECTORY NUMBER`, over and over until the buffer is
 * full. Exits 3 when it was.
 */

declare(strict_types=1);

use Logystera\Agent\Buffer;
use Logystera\Agent\Recorder;

// Of 49.75 MiB.
const FULL_BYTES = 48 << 20;

[, $directory, $number] = $argv;
const PAGE = ['method' => 'string', 'path' => 'path', 'status_code' => 'integer', 'ip' => 'ip', 'is_admin' => 'boolean', 'actor_uid' => 'uid', 'ua' => 'string'];
$labels = array_map(fn($name, $type) => ['name' => $name, 'type' => $type], array_keys(PAGE), PAGE);
$recorder = new Recorder($directory, ['signals' => [['type' => 'bench.page', 'cap' => 200, 'labels' => $labels]]]);
for ($i = 0; $i < 200; $i++) {
  $recorder->record('bench.page', [
    'method' => 'GET',
    'path' => "/node/$number/revisions/$i/view",
    'status_code' => $i % 50 === 0 ? 404 : 200,
    'ip' => '192.0.2.' . $i,
    'is_admin' => FALSE,
    'actor_uid' => $recorder->hashId((string) ($i % 30)),
    'ua' => 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  ]);
}
$recorder->commit();
exit((new Buffer($directory))->stats()["bytes"] >= FULL_BYTES ? 3 : 0);
