<?php

/**
 * @file
 * From a large access log to the first picture of it: `php run.php --build=DIR --work=DIR --json=FILE --mib=N --rounds=N`, called by
 * ./dev bench picture. No bar: what the programs show differs, so their figures stand side by side.
 *
 *   logystera   a server runs, a scan with --track-errors begins: until the server's numbers tell of the first finding, and until the
 *               scan is through; what a browser gets for the Overview, packed, and for one change more (the hint and the page again)
 *   GoAccess    its HTML report; its real-time page until it is written, with the data it opens with over its WebSocket, and the data of one more line
 *   lnav        without its screen: counts by status
 */

declare(strict_types=1);

require __DIR__ . '/../figures.php';

const ADDRESSES = 200_000;
const PATIENCE_SECONDS = 900;
const MESSAGE_SECONDS = 60;
const LINE = '192.0.2.1 - - [28/Nov/2026:12:00:00 +0000] "GET /one/more HTTP/1.1" 200 512 "-" "Mozilla/5.0"';

$options = getopt('', ['build:', 'work:', 'json:', 'mib:', 'rounds:']);
$work = $options['work'];
$program = $options['build'] . '/logystera';
putenv('LC_ALL=C');
putenv('LOGYSTERA_PII_SALT=bench');
putenv("HOME=$work");  // lnav and GoAccess keep things at home
putenv("XDG_CACHE_HOME=$work/cache");
putenv("XDG_STATE_HOME=$work/state");

/** Seconds on the wall, peak MiB. */
function timed(array $command): array {
  [$wall, , $peak] = clocked($command, '/dev/null');
  return [$wall, $peak / 1024];
}

/** What is running, its output in a file; ended when this object is. */
final class Running {
  private $process;

  public function __construct(array $command, string $out) {
    $this->process = proc_open($command, [0 => ['file', '/dev/null', 'r'], 1 => ['file', $out, 'w'], 2 => ['file', "$out.err", 'w']], $pipes);
  }

  public function __destruct() {
    proc_terminate($this->process);
    proc_close($this->process);
  }

  public function goesOn(): bool {
    return proc_get_status($this->process)['running'];
  }

  /** Peak MiB of resident memory so far. */
  public function peak(): float {
    $status = (string) @file_get_contents('/proc/' . proc_get_status($this->process)['pid'] . '/status');
    return preg_match('/^VmHWM:\s+(\d+)/m', $status, $match) ? (int) $match[1] / 1024 : 0.0;
  }
}

/** Asks until there is an answer that is not NULL; seconds since $begin. */
function until(float $begin, callable $ask, float $pause = 0.02): array {
  while (($answer = $ask()) === NULL) {
    if (microtime(TRUE) - $begin > PATIENCE_SECONDS) {
      stop('it took too long');
    }
    usleep((int) ($pause * 1e6));
  }
  return [microtime(TRUE) - $begin, $answer];
}

/** Bytes of the body as sent, packed when the server can. */
function fetched(string $url): int {
  return (int) run(['curl', '-fsS', '-o', '/dev/null', '-H', 'Accept-Encoding: gzip', '-w', '%{size_download}', $url]);
}

/** Bytes of a page with its style sheets and scripts. */
function fetched_with_assets(string $url): int {
  $html = run(['curl', '-fsS', $url . '/']);
  preg_match_all('~(?:href|src)="(/assets/[^"]+\.(?:css|js))"~', $html, $assets);
  return array_sum(array_map(fn ($path) => fetched($url . $path), array_unique($assets[1]))) + fetched($url . '/');
}

/** @return array<string, float> */
function ours(string $log): array {
  global $work, $program;
  array_map(unlink(...), glob("$work/store.db*"));
  $store = ['--store', "sqlite:$work/store.db"];
  $server = new Running([$program, ...$store, 'serve', '--port', '0', '--no-auth'], "$work/serve.out");
  [, $url] = until(microtime(TRUE), fn () => preg_match('/^listening on (\S+)/m', (string) @file_get_contents("$work/serve.out"), $match) ? $match[1] : NULL);
  $stream = new Running(['curl', '-fsSN', "$url/live"], "$work/live.out");
  $begin = microtime(TRUE);
  $scan = new Running([$program, ...$store, 'scan', $log, '--track-errors', '-n', '0', '--no-progress'], "$work/scan.out");
  [$first] = until($begin, fn () => json_decode(run(['curl', '-fsS', "$url/api/v1/stats"]), TRUE)['findings_total'] > 0 ? TRUE : NULL);
  $peak = 0.0;
  [$whole] = until($begin, function () use ($scan, &$peak) {
    $peak = max($peak, $scan->peak());
    return $scan->goesOn() ? NULL : TRUE;
  });
  sleep(2);  // a change is told within one second
  $hints = substr_count((string) file_get_contents("$work/live.out"), 'data: {"n"');
  if ($hints === 0) {
    stop('the server told of no change');
  }
  return [
    'first picture s' => $first, 'whole picture s' => $whole, 'scan peak MiB' => $peak, 'server peak MiB' => $server->peak(),
    'page bytes' => fetched_with_assets($url),
    'bytes of a change' => fetched($url . '/') + strlen((string) file_get_contents("$work/live.out")) / $hints,
  ];
}

/** Exactly so many bytes of a socket. */
function received($socket, int $bytes): string {
  $got = '';
  while (strlen($got) < $bytes) {
    $more = fread($socket, $bytes - strlen($got));
    if ($more === FALSE || $more === '') {
      stop('the WebSocket was closed, or nothing came');
    }
    $got .= $more;
  }
  return $got;
}

/** Payload bytes of the next WebSocket message (RFC 6455, as a server sends it). */
function message($socket): int {
  $bytes = 0;
  do {
    [$first, $length] = array_values(unpack('C2', received($socket, 2)));
    $length &= 127;
    $length = match ($length) {
      126 => unpack('n', received($socket, 2))[1],
      127 => unpack('J', received($socket, 8))[1],
      default => $length,
    };
    received($socket, $length);
    $bytes += $length;
  } while (($first & 0x80) === 0);
  return $bytes;
}

/** @return array<string, float> */
function goaccess_in_real_time(string $log): array {
  global $work;
  @unlink("$work/realtime.html");
  $free = stream_socket_server('tcp://127.0.0.1:0');
  $port = (int) substr(strrchr(stream_socket_get_name($free, FALSE), ':'), 1);
  fclose($free);
  $begin = microtime(TRUE);
  $goaccess = new Running(['goaccess', $log, '--log-format=COMBINED', '--no-progress', '--real-time-html', '--addr=127.0.0.1', "--port=$port",
    "--ws-url=ws://127.0.0.1:$port", '-o', "$work/realtime.html"], "$work/goaccess.out");
  // Whoever connects while the log is being read gets nothing, ever: the page comes first.
  [$first] = until($begin, function () use ($work) {
    clearstatcache();
    return @filesize("$work/realtime.html") > 0 ? TRUE : NULL;
  });
  sleep(1);
  [, $socket] = until($begin, fn () => $goaccess->goesOn() ? (@stream_socket_client("tcp://127.0.0.1:$port", timeout: 1) ?: NULL) : stop('GoAccess ended: ' . file_get_contents("$work/goaccess.out.err")));
  stream_set_timeout($socket, MESSAGE_SECONDS);
  fwrite($socket, "GET / HTTP/1.1\r\nHost: 127.0.0.1:$port\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    . 'Sec-WebSocket-Key: ' . base64_encode(random_bytes(16)) . "\r\nOrigin: http://127.0.0.1\r\n\r\n");
  while (trim((string) fgets($socket)) !== '') {
  }
  $opening = message($socket);
  file_put_contents($log, LINE . "\n", FILE_APPEND);
  $change = message($socket);
  return [
    'first picture s' => $first, 'whole picture s' => $first, 'server peak MiB' => $goaccess->peak(),
    'page bytes' => filesize("$work/realtime.html") + $opening, 'bytes of a change' => $change,
  ];
}

$log = "$work/access.log";
$bytes = (int) $options['mib'] * 1024 * 1024;
$all = [];
for ($round = 0; $round < (int) $options['rounds']; $round++) {
  run(['sh', '-c', 'exec "$0" "$1" "$2" >"$3"', $options['build'] . '/bench_scan_generate', (string) $bytes, (string) ADDRESSES, $log]);
  run(['sh', '-c', 'cat "$0" >/dev/null', $log]);  // the same for all: it lies in memory
  foreach (ours($log) as $name => $value) {
    $all["logystera: $name"][] = $value;
  }
  [$seconds, $peak] = timed(['lnav', '-n', '-c', ';SELECT sc_status, count(*) FROM access_log GROUP BY sc_status', $log]);
  $all['lnav: counts by status s'][] = $seconds;
  $all['lnav: peak MiB'][] = $peak;
  [$seconds, $peak] = timed(['goaccess', $log, '--log-format=COMBINED', '--no-progress', '-o', "$work/report.html"]);
  $all['GoAccess report: whole picture s'][] = $seconds;
  $all['GoAccess report: peak MiB'][] = $peak;
  $all['GoAccess report: page bytes'][] = filesize("$work/report.html");
  foreach (goaccess_in_real_time($log) as $name => $value) {
    $all["GoAccess real-time: $name"][] = $value;
  }
}
printf("%-58s %10s %10s %10s\n", '', 'min', 'median', 'max');
foreach ($all as $name => $values) {
  preg_match('/(\w+)$/', $name, $unit);
  figure($name, in_array($unit[1], ['s', 'MiB']) ? $unit[1] : 'bytes', $values);
}
array_map(unlink(...), glob("$work/*.*"));
finish($options['json'], ['cpus' => (int) shell_exec('nproc'), 'mib' => (int) $options['mib'], 'addresses' => ADDRESSES]);
