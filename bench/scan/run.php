<?php

/**
 * @file
 * The whole engine beside what one would use instead: `php run.php --build=DIR --work=DIR --data=DIR --json=FILE --mib=N
 * --addresses=N --rounds=N [--all]`, called by ./dev bench scan. Prints each figure as min / median / max with its bar, writes all
 * as JSON, and exits 1 when a bar is missed.
 *
 * "On one core" is about the processor's seconds, which other work on the machine changes less; only what two threads gain is told
 * by the clock on the wall, and needs a quiet machine. Everything runs once a round, so that what the machine does meanwhile hits
 * all alike, and what is compared is compared within a round.
 */

declare(strict_types=1);

require __DIR__ . '/../figures.php';

// A shorter time cannot be told by /usr/bin/time.
const LEAST_SECONDS = 0.01;
// GoAccess takes minutes for more.
const GOACCESS_MIB = 256;
// Windows event logs smaller than this, or with fewer events than one for each page, measure the start of a process.
const EVTX_BYTES = 500 * 1024;
const EVTX_PAGE = 4096;
const SIGMA_FOLDERS = ['rules', 'rules-compliance', 'rules-emerging-threats', 'rules-threat-hunting'];

$options = getopt('', ['build:', 'work:', 'data:', 'json:', 'mib:', 'addresses:', 'rounds:', 'all']);
$work = $options['work'];
$build = $options['build'];
$data = $options['data'];
$rounds = (int) $options['rounds'];
$bytes = (int) $options['mib'] * 1024 * 1024;
$program = "$build/logystera";
putenv('LC_ALL=C');
putenv('LOGYSTERA_PII_SALT=bench');
putenv('LOGYSTERA_RULE_CACHE=off');
// lnav, GoAccess and the cache of rules keep things at home.
putenv("HOME=$work");
putenv("XDG_CACHE_HOME=$work/cache");
putenv("XDG_STATE_HOME=$work/state");

/** Runs a command into a file; seconds on the wall, seconds of the processor, peak KiB, of it and all it starts. */
function timed(array $command, string $out = '/dev/null', array $environment = []): array {
  [$wall, $processor, $peak] = clocked($command, $out, $environment);
  return ['wall' => max($wall, LEAST_SECONDS), 'processor' => max($processor, LEAST_SECONDS), 'peak' => $peak];
}

/** The first quarter of the requests as JSON lines. */
function write_json_lines(string $log, string $json, int $until): void {
  $in = fopen($log, 'r');
  $out = fopen($json, 'w');
  while (ftell($in) < $until && ($line = fgets($in)) !== FALSE) {
    if (!preg_match('/^(\S+) \S+ \S+ \[(\S+ [^\]]+)\] "([^"]*)" (\d+) (\S+) "([^"]*)" "([^"]*)"/', $line, $part)) {
      stop("not a line of an access log: $line");
    }
    [, $address, $time, $request, $status, $size, $referer, $agent] = $part;
    fwrite($out, json_encode([
      'time' => $time, 'remote_addr' => $address, 'request' => $request, 'status' => (int) $status,
      'body_bytes_sent' => $size === '-' ? 0 : (int) $size, 'http_referer' => $referer, 'http_user_agent' => $agent,
    ], JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR) . "\n");
  }
  fclose($in);
  fclose($out);
}

/** The objects parse_rate or detect_bench prints: whole, or one a line. */
function objects(string $output): array {
  $whole = json_decode($output, TRUE);
  return $whole !== NULL ? [$whole] : array_map(fn($line) => json_decode($line, TRUE, flags: JSON_THROW_ON_ERROR), explode("\n", trim($output)));
}

/** Milliseconds of the processor a start takes, the whole process: a log of one line. */
function start(array $arguments, array $environment = []): float {
  global $program, $work;
  $usage = fn() => array_sum(array_map(fn($key) => getrusage(1)["ru_$key.tv_sec"] * 1e3 + getrusage(1)["ru_$key.tv_usec"] / 1e3, ['utime', 'stime']));
  $before = $usage();
  run(array_merge([$program, 'scan', "$work/line.log"], $arguments, ['-n', '0', '--no-progress', '--json']), $environment);
  return $usage() - $before;
}

// ---- An access log, through everything -----------------------------------------------------------------------------

$log = "$work/access.log";
timed(["$build/bench_scan_generate", (string) $bytes, $options['addresses']], $log);
$bytes = filesize($log);
$json_log = "$work/access.jsonl";
write_json_lines($log, $json_log, intdiv($bytes, 4));
$json_bytes = filesize($json_log);
$scan = fn(string $file, string ...$more) => array_merge([$program, 'scan', $file, '-n', '0', '--no-progress', '--json'], $more);

$commands = [
  'wc' => ['counts lines', ['wc', '-l', $log]],
  'grep' => ['one literal', ['grep', '-c', 'wp-login.php', $log]],
  'ripgrep' => ['one literal, 1 thread', ['rg', '-j1', '-c', 'wp-login.php', $log]],
  'vectorscan' => ['the texts and expressions of the rules, line by line, nothing else', ["$build/bench_scan_vectorscan", $log]],
  'logystera-parse' => ['parses and redacts, no rules, 1 thread', $scan($log, '--no-rules', '--threads', '1')],
  'logystera-1' => ['parses, redacts every field, all built-in rules, 1 thread', $scan($log, '--threads', '1')],
  'logystera-2' => ['the same, 2 threads', $scan($log, '--threads', '2')],
  'logystera-json' => ['the same on one thread, a quarter of the requests as JSON lines', $scan($json_log, '--threads', '1')],
  'lnav' => ['indexes, counts by status; no rule, no redaction',
    ['lnav', '-n', '-c', ';SELECT sc_status, count(*) FROM access_log GROUP BY sc_status', $log]],
  'goaccess' => ['statistics; no rule, no redaction',
    ['goaccess', $log, '--log-format=COMBINED', '--no-progress', '-o', "$work/goaccess.json"]],
];
if ((int) $options['mib'] > GOACCESS_MIB && !isset($options['all'])) {
  unset($commands['goaccess']);
  fwrite(STDERR, '    goaccess is left out over ' . GOACCESS_MIB . " MiB: minutes a round (LOGYSTERA_BENCH_ALL=1 runs it)\n");
}
$runs = [];
for ($round = 1; $round <= $rounds; $round++) {
  fwrite(STDERR, "    round $round of $rounds\n");
  foreach ($commands as $name => [, $command]) {
    $runs[$name][] = timed($command, "$work/out");
  }
}
unlink($log);
unlink($json_log);

$seconds = fn(string $name, string $clock = 'processor') => array_column($runs[$name], $clock);
$ratio = fn(array $one, array $other) => array_map(fn($a, $b) => $a / $b, $one, $other);
$rate = fn(array $seconds, int $of) => array_map(fn($s) => $of / 1e9 / $s, $seconds);

printf("%-58s %10s %10s %10s\n", 'figure', 'min', 'median', 'max');
foreach ($commands as $name => [$what]) {
  $values = $rate($seconds($name, $name === 'logystera-2' ? 'wall' : 'processor'), $name === 'logystera-json' ? $json_bytes : $bytes);
  figure($name === 'logystera-json' ? 'json-pipeline' : $name, 'GB/s', $values, ...($name === 'logystera-1' ? ['>=', 0.35] : []));
}
figure('over_vectorscan', 'x', $ratio($seconds('vectorscan'), $seconds('logystera-1')), '>=', 0.2);
figure('over_lnav', 'x', $ratio($seconds('lnav'), $seconds('logystera-1')), '>=', 2);
figure('two_threads', 'x', $ratio($seconds('logystera-1', 'wall'), $seconds('logystera-2', 'wall')), '>=', 1.8);
$ours = array_filter(array_keys($runs), fn($name) => str_starts_with($name, 'logystera'));
figure('peak', 'MiB', [max(array_map(fn($name) => max($seconds($name, 'peak')), $ours)) / 1024], '<=', 256);

// ---- JSON lines: the reader alone; json-pipeline is the whole scan, above -------------------------------------------

$rates = [];
for ($round = 0; $round < $rounds; $round++) {
  foreach (objects(run(["$build/parse_rate", '--rounds', '1'])) as $one) {
    if (str_contains($one['name'], 'JSON')) {
      $rates[] = $one['mb_per_s'] / 1000;
    }
  }
}
figure('json', 'GB/s', $rates, '>=', 1);

// ---- Windows event logs, all of Sigma, and starting with it ---------------------------------------------------------

if (!is_dir("$data/sigma") || !is_dir("$data/evtx")) {
  echo "not measured: EVTX, Sigma and start-up, for want of the shared test data (LOGYSTERA_DATA)\n";
  finish($options['json'], ['bytes' => $bytes, 'addresses' => (int) $options['addresses']]);
}

$logs = [];
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator("$data/evtx/attack-samples", FilesystemIterator::SKIP_DOTS)) as $file) {
  if ($file->getExtension() === 'evtx' && $file->getSize() > EVTX_BYTES) {
    $logs[] = $file->getPathname();
  }
}
sort($logs);
$parsed = fn(array $files, int $rounds) => objects(run(array_merge(["$build/parse_rate", '--rounds', (string) $rounds], $files)));
$dense = array_filter($parsed($logs, 1), fn($one) => $one['records'] * EVTX_PAGE >= $one['bytes']);
$logs = array_column($dense, 'name');
if ($logs === []) {
  stop('none of the EVTX samples is large enough to measure with');
}
$sum = array_sum(array_map(filesize(...), $logs));
$ours = $theirs = $sigma = [];
for ($round = 0; $round < $rounds; $round++) {
  $ours[] = array_sum(array_column(array_column($parsed($logs, 9), 'cpu_seconds'), 'median'));
  $theirs[] = timed(array_merge(['sh', '-c', 'for file; do evtxexport "$file" >/dev/null 2>&1 || true; done', '_'], $logs))['processor'];
}
figure('evtx', 'MB/s', array_map(fn($s) => $sum / 1e6 / $s, $ours), '>=', 300);
figure('evtxexport', 'MB/s', array_map(fn($s) => $sum / 1e6 / $s, $theirs));
figure('evtx_over_evtxexport', 'x', $ratio($theirs, $ours), '>=', 8);
for ($round = 0; $round < $rounds; $round++) {
  $sigma[] = objects(run(["$build/detect_bench", $data, '1']))[0]['events_per_second']['min'];
}
figure('sigma', 'events/s', $sigma, '>=', 100000);

file_put_contents("$work/line.log", "2026-05-18T10:00:01Z one line\n");
$rules = array_merge(...array_map(fn($folder) => ['--sigma', "$data/sigma/$folder"], SIGMA_FOLDERS));
figure('start', 'ms', array_map(fn() => start($rules), range(1, $rounds)), '<=', 600);
// The rules are kept by the first of these, whose time does not count, and were not touched within its last two seconds.
fresh('cache');
$cached = ['LOGYSTERA_RULE_CACHE' => 'on'];
start($rules, $cached);
run(array_merge([$program, 'scan', "$work/line.log"], $rules, ['-n', '0', '--no-progress', '--json', '--verbose']), $cached);
if (!str_contains((string) file_get_contents("$work/stderr"), 'rules, from the cache')) {
  stop('the rules were not kept');
}
$with = $without = [];
for ($round = 0; $round < $rounds * 4; $round++) {
  $with[] = start($rules, $cached);
  $without[] = start(['--no-rules']);
}
figure('start_cached', 'ms', $with, '<=', 30);
figure('start_without_rules', 'ms', $without);
finish($options['json'], ['bytes' => $bytes, 'addresses' => (int) $options['addresses']]);
