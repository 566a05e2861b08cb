<?php

/**
 * @file
 * Measures the agent: `php run.php --extension=SO --build=DIR --work=DIR --json=FILE [--runs=N]`, called by ./dev bench agent.
 * Prints each figure as min / median / max with its bar, writes all as JSON, and exits 1 when a bar is missed.
 */

declare(strict_types=1);

require __DIR__ . '/../figures.php';

const REQUESTS_PER_RUN = 1500;
const FPM_ROUNDS = 3000;

$options = getopt('', ['extension:', 'build:', 'work:', 'json:', 'runs:', 'fpm:', 'cgi:']);
$runs = max(11, (int) ($options['runs'] ?? 11));
$work = $options['work'];
$extension = $options['extension'];
$here = __DIR__;

function loop(string $kind, int $rounds, ?string $function = NULL): int {
  global $extension, $here;
  $directory = fresh('loop');
  return instructions(['php', '-n', '-d', "extension=$extension", "$here/loop.php", $kind, (string) $rounds, $directory], function: $function);
}

/** Instructions for one round of a kind: the difference of two runs, the empty loop's taken off. */
function per_round(string $kind): float {
  static $empty = NULL;
  $empty ??= (loop('empty', 180) - loop('empty', 20)) / 160;
  return (loop($kind, 180) - loop($kind, 20)) / 160 - $empty;
}

printf("%-58s %10s %10s %10s\n", 'figure', 'min', 'median', 'max');

// Instructions are nearly the same from run to run; the spread shows it.
$record = $encode = $hash = $hmac = [];
for ($i = 0; $i < $runs; $i++) {
  $record[] = per_round('record');
  $encode[] = per_round('json_encode');
  $hash[] = per_round('hashId');
  $hmac[] = per_round('hash_hmac');
}
figure('record(), one event', 'instructions', $record);
figure('json_encode of the same event', 'instructions', $encode);
figure('record() / json_encode', 'ratio', array_map(fn($a, $b) => $a / $b, $record, $encode), '<=', 0.30);
figure('hashId()', 'instructions', $hash);
figure('hash_hmac()', 'instructions', $hmac);
figure('hashId() / hash_hmac()', 'ratio', array_map(fn($a, $b) => $a / $b, $hash, $hmac));
foreach ([1, 200] as $events) {
  figure("commit of $events event(s)", 'instructions',
    array_map(fn() => loop('commit', $events, 'logystera::agent::Buffer::commit*'), range(1, $runs)));
}

// An idle request: whole requests of a CGI worker with and without the extension.
$cgi = fn(int $requests, array $with) => instructions(array_merge([$options['cgi'], '-n', '-q', '-T', "0,$requests"], $with, ["$here/idle.php"]));
$idle = [];
for ($i = 0; $i < $runs; $i++) {
  $without = ($cgi(300, []) - $cgi(100, [])) / 200;
  $with = ($cgi(300, ['-d', "extension=$extension"]) - $cgi(100, ['-d', "extension=$extension"])) / 200;
  $idle[] = $with - $without;
}
figure('idle request, added by the extension', 'instructions', $idle, '<=', 1000);

// Five events a request, every variant in every request.
$ratios = ['per_event' => [], 'batch' => [], 'checked' => []];
$medians = ['native' => []] + $ratios;
for ($i = 0; $i < $runs; $i++) {
  $directory = fresh('requests');
  foreach (['native', 'per_event', 'batch', 'checked'] as $name) {
    mkdir("$directory/$name", 0700);
  }
  run([$options['cgi'], '-n', '-q', '-T', '0,' . REQUESTS_PER_RUN, '-d', "extension=$extension", "$here/request.php"], ['BENCH_DIR' => $directory]);
  $samples = array_chunk(array_values(unpack('P*', file_get_contents("$directory/samples"))), 4);
  foreach (['native', 'per_event', 'batch', 'checked'] as $column => $name) {
    $medians[$name][] = spread(array_column($samples, $column))['median'] / 1000;
  }
  foreach ($ratios as $name => $unused) {
    $ratios[$name][] = end($medians[$name]) / end($medians['native']);
  }
}
figure('five events, extension (record + commit)', 'us', $medians['native']);
figure('five events, file_put_contents per event', 'us', $medians['per_event']);
figure('five events, PHP array written once', 'us', $medians['batch']);
figure('five events, per event with size and cap checks', 'us', $medians['checked']);
figure('per event / extension', 'ratio', $ratios['per_event'], '>=', 3.5);
figure('array written once / extension', 'ratio', $ratios['batch'], '>=', 1.6);
figure('per event with checks / extension', 'ratio', $ratios['checked'], '>=', 6);

// The commit against its seven bare system calls.
$ours = $bare = [];
foreach (explode("\n", trim(run([$options['build'] . '/bench_agent_commit', fresh('commit')]))) as $line) {
  [$ours[], $bare[]] = array_map(floatval(...), explode(' ', $line));
}
figure('commit of five events', 'ns', $ours);
figure('its seven system calls, bare', 'ns', $bare);
figure('commit / bare system calls', 'ratio', array_map(fn($a, $b) => $a / $b, $ours, $bare), '<=', 1.5);

// Exactly these system calls, and no other, make up a commit of the steady state: the third request of a worker. Files are
// opened anew each second, so a second that ends in between calls for another try.
const COMMIT_CALLS = ['flock', 'fstat', 'fstat', 'write', 'flock'];
$commit = [];
for ($try = 0; $try < 3 && $commit !== COMMIT_CALLS; $try++) {
  $directory = fresh('strace');
  mkdir("$directory/native", 0700);
  $trace = "$work/strace.out";
  run(array_merge(['strace', '-o', $trace, '-e', 'trace=!mmap,munmap,brk,mprotect', $options['cgi'], '-n', '-q', '-T', '0,3', '-d', "extension=$extension"],
    ["$here/page.php"]), ['BENCH_DIR' => $directory, 'QUERY_STRING' => 'native']);
  $commits = [];
  $locked = FALSE;
  foreach (file($trace) as $line) {
    if (!preg_match('/^(\w+)\((.*)$/', $line, $match)) {
      continue;
    }
    if ($match[1] === 'flock' && !str_contains($match[2], 'LOCK_UN')) {
      $locked = TRUE;
      $commits[] = [];
    }
    if ($locked) {
      $commits[array_key_last($commits)][] = str_replace('newfstatat', 'fstat', $match[1]);
    }
    $locked = $locked && !str_contains($match[2], 'LOCK_UN');
  }
  $commit = count($commits) === 3 ? $commits[2] : [];
}
$met = $commit === COMMIT_CALLS;
$missed += $met ? 0 : 1;
$figures['system calls of a commit'] = ['calls' => $commit, 'expected' => COMMIT_CALLS, 'met' => $met];
printf("%-58s %s  %s\n", 'system calls of a commit', implode(', ', $commit), $met ? 'met' : 'MISSED (' . implode(', ', COMMIT_CALLS) . ')');

// What a visitor waits for, through PHP-FPM with one worker.
$directory = fresh('fpm');
foreach (['native', 'per_event'] as $name) {
  mkdir("$directory/$name", 0700);
}
$root = posix_geteuid() === 0;
file_put_contents("$directory/fpm.conf", "[global]\nerror_log = $directory/error.log\ndaemonize = no\n[www]\nlisten = $directory/socket\n"
  . "pm = static\npm.max_children = 1\n" . ($root ? "user = root\ngroup = root\n" : ''));
background(array_merge([$options['fpm'], '-n', '-F', '-y', "$directory/fpm.conf", '-d', "extension=$extension"], $root ? ['-R'] : []));
for ($i = 0; $i < 100 && !file_exists("$directory/socket"); $i++) {
  usleep(50000);
}
$requests = [];
foreach (['none', 'native', 'per_event'] as $name) {
  $requests[] = "$directory/$name.request";
  file_put_contents(end($requests), implode("\n", ["$directory/socket", "SCRIPT_FILENAME=$here/page.php", 'REQUEST_METHOD=GET',
    "QUERY_STRING=$name", "BENCH_DIR=$directory"]) . "\n");
}
$added = ['native' => [], 'per_event' => []];
for ($i = 0; $i < $runs; $i++) {
  foreach (['native', 'per_event'] as $name) {
    exec('rm -f ' . escapeshellarg("$directory/$name") . '/*.jsonl');
  }
  $lines = explode("\n", trim(run([$options['build'] . '/bench_fcgi_client', (string) FPM_ROUNDS, 'hello', ...$requests])));
  [$none, $native, $per_event] = array_map(fn($line) => spread(array_map(floatval(...), explode(' ', trim($line))))['median'], $lines);
  $added['native'][] = $native - $none;
  $added['per_event'][] = $per_event - $none;
}
figure('FPM p50 added by five events, extension', 'us', $added['native']);
figure('FPM p50 added by five events, PHP per event', 'us', $added['per_event']);
figure('FPM: extension / PHP per event', 'ratio', array_map(fn($a, $b) => $a / $b, $added['native'], $added['per_event']), '<=', 0.5);

finish($options['json'], ['runs' => $runs]);
