<?php

/**
 * @file
 * A week of a web server's logs with a break-in in its last night: `php generate.php --out=DIR --truth=FILE --mib=N --end=UNIX`.
 *
 * DIR gets nginx's access and error logs, PHP's, MariaDB's, auth.log, syslog, kern.log and a container's log, some rotated and one packed;
 * together N MiB before packing. The same arguments give the same bytes. FILE gets what was planted and what there is of it, as JSON, for
 * whoever checks answers. The last line is written at or shortly before --end, the first a week earlier.
 *
 * The break-in: one address looks for files of the site and is served one, guesses passwords over SSH until it is in, becomes root with
 * sudo, uploads a shell, uses it, and fetches a dump of the database. Beside it there is what every server sees: others who guess
 * and probe without getting anywhere, robots, an evening on which the database is killed, a disk that fails, a unit that fails.
 *
 * Addresses are of the documentation ranges (RFC 5737) and of the range for benchmarks (RFC 2544), names of example domains (RFC 2606).
 */

declare(strict_types=1);

const SEED = 20260518;
const HOUR = 3600;
const WEEK = 7 * 24 * HOUR;
const MIB = 1024 * 1024;
// Shares of the bytes; the access log takes what is left.
const SHARE_CONTAINER = 0.15;
const SHARE_SYSLOG = 0.09;
const SHARE_AUTH = 0.04;
const SHARE_DATABASE = 0.01;

const INTRUDER = '198.51.100.77';
const SPRAYER = '192.0.2.200';
const SPRAYED_ACCOUNTS = 300;
const GUESSES = 240;
const DUMP_PATH = '/sites/default/files/.cache/dump.sql.gz';
const DUMP_BYTES = 1_987_654_321;
const SHELL_PATH = '/sites/default/files/.cache/shell.php';
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
];
// How busy an hour of the day is beside others.
const RHYTHM = [3, 2, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 12, 12, 12, 12, 11, 11, 12, 14, 15, 13, 9, 5];
const PEOPLE = ['anna' => '203.0.113.10', 'bert' => '203.0.113.11', 'dora' => '203.0.113.12', 'deploy' => '203.0.113.20'];
const GUESSED = ['root', 'admin', 'test', 'ubuntu', 'oracle', 'postgres', 'git', 'ftp', 'user', 'guest', 'pi', 'mysql', 'jenkins', 'backup'];
const PROBES = [
  '/.env', '/wp-login.php', '/wp-admin/setup-config.php', '/phpmyadmin/index.php', '/.git/config', '/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php',
  '/admin.php', '/backup.zip', '/xmlrpc.php', '/cgi-bin/luci', '/solr/admin/info/system', '/actuator/env', '/.aws/credentials', '/config.php.bak',
  '/index.php?id=1%27%20union%20select%201,2,3--', '/../../etc/passwd', '/shell.php?cmd=id', '/server-status', '/owa/auth/logon.aspx', '/old/index.php',
];

$options = getopt('', ['out:', 'truth:', 'mib:', 'end:']);
foreach (['out', 'truth', 'mib', 'end'] as $name) {
  if (!isset($options[$name])) {
    fwrite(STDERR, "usage: php generate.php --out=DIR --truth=FILE --mib=N --end=UNIX\n");
    exit(2);
  }
}
mt_srand(SEED);
date_default_timezone_set('UTC');

/** One log, written in the order of time into one file, or into rotated ones. */
final class Log {

  private int $at = 0;
  private int $next = 0;
  private array $parts = [];
  /** @var resource */
  private $stream;
  public int $bytes = 0;

  /**
   * @param array $planted Lines by time: what is put in between those that are written, [seconds, line].
   * @param array $rotations Times at which it was rotated, ascending.
   */
  public function __construct(private string $file, private array $planted = [], private array $rotations = [], bool $packed = FALSE) {
    usort($this->planted, fn(array $a, array $b): int => $a[0] <=> $b[0]);
    $count = count($rotations);
    for ($i = 0; $i <= $count; ++$i) {
      $number = $count - $i;
      $this->parts[] = $number === 0 ? $file : "$file.$number" . ($packed && $number > 1 ? '.gz' : '');
    }
    $this->open();
  }

  private function open(): void {
    $name = $this->parts[$this->at];
    @mkdir(dirname($name), 0755, TRUE);
    $this->stream = fopen(str_ends_with($name, '.gz') ? "compress.zlib://$name" : $name, 'w');
  }

  public function write(float $time, string $line): void {
    while (isset($this->planted[$this->next]) && $this->planted[$this->next][0] <= $time) {
      [$planted_time, $planted_line] = $this->planted[$this->next++];
      $this->put($planted_time, $planted_line);
    }
    $this->put($time, $line);
  }

  private function put(float $time, string $line): void {
    while (isset($this->rotations[$this->at]) && $time >= $this->rotations[$this->at]) {
      fclose($this->stream);
      ++$this->at;
      $this->open();
    }
    fwrite($this->stream, $line);
    $this->bytes += strlen($line);
  }

  public function close(): void {
    while (isset($this->planted[$this->next])) {
      [$time, $line] = $this->planted[$this->next++];
      $this->put($time, $line);
    }
    fclose($this->stream);
  }

}

/** Times of $count things over the week, ascending, denser where people are awake. */
function moments(int $count, int $start): Generator {
  $weights = [];
  for ($hour = 0; $hour < WEEK / HOUR; ++$hour) {
    $weights[] = RHYTHM[intdiv($start + $hour * HOUR, HOUR) % 24];
  }
  $whole = array_sum($weights);
  $due = 0.0;
  $done = 0;
  foreach ($weights as $hour => $weight) {
    $due += $count * $weight / $whole;
    $here = (int) round($due) - $done;
    for ($i = 0; $i < $here; ++$i) {
      yield $start + $hour * HOUR + HOUR * $i / $here;
    }
    $done += $here;
  }
}

function stamp(float $time): string {
  $whole = (int) $time;
  return date('Y-m-d\TH:i:s', $whole) . sprintf('.%06d+00:00', (int) (($time - $whole) * 1_000_000));
}

function request(float $time, string $address, string $method, string $target, int $status, int $bytes, string $agent): string {
  return "$address - - [" . date('d/M/Y:H:i:s', (int) $time) . " +0000] \"$method $target HTTP/1.1\" $status $bytes \"-\" \"$agent\"\n";
}

function system_line(float $time, string $program, string $message): array {
  return [$time, stamp($time) . " web1 $program: $message\n"];
}

function chance(float $share): bool {
  return mt_rand() / mt_getrandmax() < $share;
}

$out = $options['out'];
$end = (int) $options['end'];
$start = $end - WEEK;
$mib = (float) $options['mib'];
$night = $end - 4 * HOUR - 20 * 60;  // when the break-in begins
$outage = $end - 3 * 24 * HOUR - 11 * HOUR;  // of an hour, in an evening
$rotations = [$end - 78 * HOUR, $end - 30 * HOUR];
$truth = [
  'mib' => $mib, 'start' => $start, 'end' => $end, 'intruder' => INTRUDER, 'break_in' => $night,
  'sprayer' => ['address' => SPRAYER, 'accounts' => SPRAYED_ACCOUNTS],
];

// --- auth.log
$lines = [];
$sudo = [];
$logins = [];
$accounts = [];
$failed = [];
$pid = 1000;
$port = fn(): int => mt_rand(30_000, 60_000);
$guess = function (float $time, string $address, string $account, bool $exists) use (&$lines, &$pid, &$accounts, &$failed, $port): void {
  $from = "$address port " . $port();
  $name = $exists ? $account : "invalid user $account";
  ++$pid;
  if (!$exists) {
    $lines[] = system_line($time, "sshd[$pid]", "Invalid user $account from $from");
  }
  $lines[] = system_line($time + 0.4, "sshd[$pid]", "Failed password for $name from $from ssh2");
  $lines[] = system_line($time + 0.8, "sshd[$pid]", 'Connection closed by ' . ($exists ? 'authenticating' : 'invalid') . " user $account $from [preauth]");
  $accounts[$address][$account] = TRUE;
  $failed[$address] = ($failed[$address] ?? 0) + 1;
};
$login = function (float $time, string $account, string $address, string $method) use (&$lines, &$pid, &$logins, $port): void {
  ++$pid;
  $key = $method === 'publickey' ? ': ED25519 SHA256:' . substr(base64_encode(hash('sha256', $account, TRUE)), 0, 43) : '';
  $lines[] = system_line($time, "sshd[$pid]", "Accepted $method for $account from $address port " . $port() . " ssh2$key");
  $lines[] = system_line($time + 0.1, "sshd[$pid]", "pam_unix(sshd:session): session opened for user $account(uid=1001) by (uid=0)");
  $logins["$account $address"] = ($logins["$account $address"] ?? 0) + 1;
};
$become = function (float $time, string $account, string $command) use (&$lines, &$sudo): void {
  $lines[] = system_line($time, 'sudo', "   $account : TTY=pts/0 ; PWD=/home/$account ; USER=root ; COMMAND=$command");
  $lines[] = system_line($time + 0.1, 'sudo', "pam_unix(sudo:session): session opened for user root(uid=0) by $account(uid=1001)");
  $sudo[$account] = ($sudo[$account] ?? 0) + 1;
};
$auth_bytes = (int) ($mib * MIB * SHARE_AUTH);
$bursts = max(3, (int) ($auth_bytes / 45_000));
for ($i = 0; $i < $bursts; ++$i) {
  $address = '192.0.2.' . (1 + $i % 180);
  $time = $start + 600 + $i * (WEEK - 4 * HOUR) / $bursts;
  for ($n = mt_rand(20, 200); $n > 0; --$n) {
    $account = GUESSED[mt_rand(0, count(GUESSED) - 1)];
    $guess($time, $address, $account, in_array($account, ['root', 'backup'], TRUE));
    $time += mt_rand(20, 60) / 10;
  }
}
for ($n = 0; $n < SPRAYED_ACCOUNTS; ++$n) {
  $guess($start + 2 * 24 * HOUR + $n * 37, SPRAYER, sprintf('%s%02d', ['kim', 'lee', 'max', 'sam', 'tom', 'ute'][$n % 6], intdiv($n, 6)), FALSE);
}
for ($day = 0; $day < 7; ++$day) {
  foreach (PEOPLE as $account => $address) {
    for ($n = 0; $n < 3; ++$n) {
      $time = $start + $day * 24 * HOUR + (2 + 4 * $n) * HOUR + mt_rand(0, HOUR);
      if ($account === 'bert' && $n === 1) {
        $guess($time - 9, $address, $account, TRUE);
      }
      $login($time, $account, $address, 'publickey');
      if ($account === 'anna' || ($account === 'deploy' && $n === 0)) {
        $become($time + 60, $account, $account === 'anna' ? '/usr/bin/apt-get upgrade' : '/usr/bin/systemctl reload php8.2-fpm');
      }
    }
  }
}
$time = $night + 25 * 60;
for ($n = 0; $n < GUESSES; ++$n) {
  $account = ['root', 'admin', 'www-data', 'deploy', 'shop'][$n % 5];
  $guess($time, INTRUDER, $account, in_array($account, ['root', 'www-data', 'deploy'], TRUE));
  $time += 1.6;
}
$login($time + 1, 'deploy', INTRUDER, 'password');
$truth['login'] = ['account' => 'deploy', 'time' => (int) $time + 1];
$become($time + 70, 'deploy', '/usr/bin/id');
$become($time + 95, 'deploy', '/bin/bash');
$truth['guesses'] = GUESSES;
$truth['sudo'] = $sudo;
$truth['logins'] = $logins;
$truth['failed_logins'] = $failed;
$truth['accounts_tried'] = array_map(count(...), $accounts);
$log = new Log("$out/auth.log", $lines, [$rotations[1]]);
$count = max(WEEK / HOUR, (int) (($auth_bytes - array_sum(array_map(fn(array $one): int => strlen($one[1]), $lines))) / 220));
foreach (moments((int) $count, $start) as $time) {
  ++$pid;
  $log->write($time, system_line($time, "CRON[$pid]", 'pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)')[1]);
  $log->write($time + 0.01, system_line($time + 0.01, "CRON[$pid]", 'pam_unix(cron:session): session closed for user root')[1]);
}
$log->close();
$bytes = $log->bytes;

// --- kern.log: the kernel's own troubles.
$lines = [];
$truth['out_of_memory'] = 2;
$truth['io_errors'] = 5;
foreach ([60, 1800] as $after) {
  $lines[] = system_line($outage + $after, 'kernel', '[' . (812_000 + $after) . '.120731] Out of memory: Killed process 812 (mariadbd) total-vm:9126312kB, anon-rss:7012332kB, file-rss:0kB');
}
for ($n = 0; $n < $truth['io_errors']; ++$n) {
  $time = $end - 2 * 24 * HOUR + $n * 61;
  $lines[] = system_line($time, 'kernel', '[' . (901_000 + $n) . '.554120] blk_update_request: I/O error, dev sdb, sector ' . (81_200 + 8 * $n) . ' op 0x0:(READ)');
}
$log = new Log("$out/kern.log", $lines);
foreach (moments(2000, $start) as $n => $time) {
  $log->write($time, system_line($time, 'kernel', sprintf('[%d.%06d] [UFW BLOCK] IN=eth0 OUT= MAC= SRC=192.0.2.%d DST=203.0.113.1 LEN=40 TTL=240 PROTO=TCP SPT=%d DPT=%d SYN', 700_000 + $time - $start, $n * 317 % 1_000_000, 1 + $n % 250, $port(), mt_rand(1, 9000)))[1]);
}
$log->close();
$bytes += $log->bytes;

// --- syslog: units and timers.
$lines = [];
$truth['failed_units'] = ['backup.service' => 3];
for ($n = 0; $n < 3; ++$n) {
  $time = $end - (3 - $n) * 24 * HOUR - 3 * HOUR;
  $lines[] = system_line($time, 'systemd[1]', 'backup.service: Main process exited, code=exited, status=1/FAILURE');
  $lines[] = system_line($time + 0.1, 'systemd[1]', "backup.service: Failed with result 'exit-code'.");
}
foreach ([62, 1802] as $after) {
  $lines[] = system_line($outage + $after, 'systemd[1]', 'mariadb.service: Scheduled restart job, restart counter is at ' . ($after < 100 ? 1 : 2) . '.');
}
$log = new Log("$out/syslog", $lines, [$rotations[1]]);
foreach (moments((int) ($mib * MIB * SHARE_SYSLOG / 105), $start) as $n => $time) {
  [$program, $message] = match ($n % 5) {
    0 => ["CRON[$n]", '(www-data) CMD (php /srv/shop/bin/cron --quiet)'],
    1 => ['systemd[1]', "Started session-$n.scope - Session $n of User deploy."],
    2 => ['systemd[1]', 'logrotate.timer: Deactivated successfully, next run in ' . mt_rand(1, 59) . ' min'],
    3 => ["postfix/smtp[$n]", sprintf('%08X: to=<orders@example.com>, relay=mail.example.com[203.0.113.25]:25, delay=0.%02d, status=sent', mt_rand(), mt_rand(10, 99))],
    default => ['dhclient[612]', 'DHCPACK of 203.0.113.1 from 203.0.113.254 (renewal in ' . mt_rand(1000, 2000) . ' seconds)'],
  };
  $log->write($time, system_line($time, $program, $message)[1]);
}
$log->close();
$bytes += $log->bytes;

// --- MariaDB.
$truth['database_errors'] = 0;
$lines = [];
$database = fn(float $time, string $level, string $message): string => date('Y-m-d', (int) $time) . sprintf(' %2d', (int) date('G', (int) $time)) . date(':i:s', (int) $time) . ' ' . mt_rand(1, 90_000) . " [$level] $message\n";
$most = max(40, (int) ($mib * MIB * SHARE_DATABASE * 0.6 / 130));
for ($n = 0; $n < $most; ++$n, ++$truth['database_errors']) {
  $time = $outage + 70 + $n * 3400 / $most;
  $lines[] = [$time, $database($time, 'ERROR', "Aborted connection $n to db: 'shop' user: 'shop' host: '203.0.113.40' (Too many connections)")];
}
$log = new Log("$out/mysql/error.log", $lines);
foreach (moments(max(100, (int) ($mib * MIB * SHARE_DATABASE * 0.4 / 130)), $start) as $time) {
  $log->write($time, $database($time, 'Note', 'InnoDB: Buffer pool(s) dump completed at ' . date('ymd H:i:s', (int) $time)));
}
$log->close();
$bytes += $log->bytes;

// --- PHP: errors that were there all week, and one that is new since the day before.
$lines = [];
$truth['new_errors'] = ['price' => 73, 'session' => 57];
$truth['new_since'] = $end - 26 * HOUR;
for ($n = 0; $n < $truth['new_errors']['price']; ++$n) {
  $time = $truth['new_since'] + 120 + $n * 1200;
  $lines[] = [$time, '[' . date('d-M-Y H:i:s', $time) . ' UTC] PHP Fatal error:  Uncaught TypeError: price(): Argument #1 ($net) must be of type float, null given in /srv/shop/src/Price.php:88' . "\n"];
}
$log = new Log("$out/php/error.log", $lines);
foreach (moments(max(200, (int) ($mib * 10)), $start) as $n => $time) {
  $log->write($time, '[' . date('d-M-Y H:i:s', (int) $time) . ' UTC] PHP ' . match ($n % 3) {
    0 => 'Warning:  Undefined array key "title" in /srv/shop/src/Teaser.php on line 41',
    1 => 'Deprecated:  strlen(): Passing null to parameter #1 ($string) of type string is deprecated in /srv/shop/src/Text.php on line 17',
    default => 'Fatal error:  Maximum execution time of 30 seconds exceeded in /srv/shop/src/Export.php on line 203',
  } . "\n");
}
$log->close();
$bytes += $log->bytes;
$lines = [];
for ($n = 0; $n < 12; ++$n) {
  $time = $outage + 90 + $n * 240;
  $lines[] = [$time, '[' . date('d-M-Y H:i:s', $time) . '] WARNING: [pool www] server reached pm.max_children setting (50), consider raising it' . "\n"];
}
$log = new Log("$out/php8.2-fpm.log", $lines);
foreach (moments(WEEK / HOUR, $start) as $time) {
  $log->write($time, '[' . date('d-M-Y H:i:s', (int) $time) . '] NOTICE: [pool www] child ' . mt_rand(1000, 60_000) . ' exited with code 0 after ' . mt_rand(100, 9000) . ".123456 seconds from start\n");
}
$log->close();
$bytes += $log->bytes;

// --- A container: an application that logs JSON, in Docker's JSON.
$container = function (float $time, array $said, string $stream = 'stdout'): string {
  $whole = (int) $time;
  $nanoseconds = sprintf('%09d', (int) (($time - $whole) * 1_000_000_000));
  return json_encode(['log' => json_encode($said, JSON_UNESCAPED_SLASHES) . "\n", 'stream' => $stream, 'time' => date('Y-m-d\TH:i:s', $whole) . ".{$nanoseconds}Z"], JSON_UNESCAPED_SLASHES) . "\n";
};
$lines = [];
for ($n = 0; $n < $truth['new_errors']['session']; ++$n) {
  $time = $end - 20 * HOUR + $n * 900;
  $lines[] = [$time, $container($time, ['level' => 'error', 'msg' => sprintf('cannot decrypt session %08x%08x: the key is another one', mt_rand(), mt_rand()), 'service' => 'stock'], 'stderr')];
}
$id = hash('sha256', 'stock');
$log = new Log("$out/docker/containers/$id/$id-json.log", $lines);
$slow = [];
foreach (moments((int) ($mib * MIB * SHARE_CONTAINER / 215), $start) as $n => $time) {
  if ($n % 400 === 399) {
    $log->write($time, $container($time, ['level' => 'error', 'msg' => 'timeout of the payment service after ' . mt_rand(2000, 3000) . ' ms', 'service' => 'stock', 'order' => $n], 'stderr'));
    continue;
  }
  $path = ['/api/stock', '/api/stock', '/api/price', '/api/price', '/api/search', '/api/report'][$n % 6];
  $took = ['/api/stock' => 4, '/api/price' => 7, '/api/search' => 80, '/api/report' => 1900][$path] + mt_rand(0, 40);
  $slow[$path][0] = ($slow[$path][0] ?? 0) + 1;
  $slow[$path][1] = ($slow[$path][1] ?? 0) + $took;
  $log->write($time, $container($time, ['level' => 'info', 'msg' => 'answered', 'service' => 'stock', 'path' => $path, 'duration_ms' => $took]));
}
$log->close();
$bytes += $log->bytes;
$truth['slow'] = array_map(fn(array $one): array => ['count' => $one[0], 'mean_ms' => (int) round($one[1] / $one[0])], $slow);

// --- nginx: who visits, who probes, the evening without a database, and the break-in.
$lines = [];
$by_address = [];
$by_path = [];
$not_found = [];
$served = [];
$gateway = [];
$requests = 0;
$seen = function (float $time, string $address, string $method, string $target, int $status, int $size, string $agent) use (&$by_address, &$by_path, &$not_found, &$gateway, &$requests): string {
  $path = strtok($target, '?');
  $by_address[$address] = ($by_address[$address] ?? 0) + $size;
  $by_path[$path] = ($by_path[$path] ?? 0) + $size;
  ++$requests;
  if ($status === 404) {
    $not_found[$path] = ($not_found[$path] ?? 0) + 1;
  }
  elseif ($status === 502) {
    $key = date('Y-m-d H', (int) $time) . " $path";
    $gateway[$key] = ($gateway[$key] ?? 0) + 1;
  }
  return request($time, $address, $method, $target, $status, $size, $agent);
};
$plant = function (float $time, string $address, string $method, string $target, int $status, int $size, string $agent) use (&$lines, $seen): void {
  $lines[] = [$time, $seen($time, $address, $method, $target, $status, $size, $agent)];
};
$scanners = max(4, (int) $mib);
for ($i = 0; $i < $scanners; ++$i) {
  $time = $start + 900 + $i * (WEEK - 6 * HOUR) / $scanners;
  $address = '198.51.100.' . (100 + $i % 120);
  for ($n = mt_rand(10, 60); $n > 0; --$n) {
    $plant($time, $address, 'GET', PROBES[mt_rand(0, count(PROBES) - 1)], chance(0.05) ? 403 : 404, 162, 'Mozilla/5.0 zgrab/0.x');
    $time += mt_rand(1, 30) / 10;
  }
}
// The break-in.
$tool = 'Mozilla/5.0 (compatible; Nmap Scripting Engine)';
$time = $night;
foreach (PROBES as $target) {
  $status = $target === '/.env' ? 200 : 404;
  $plant($time += 3.5, INTRUDER, 'GET', $target, $status, $status === 200 ? 871 : 162, $tool);
}
$plant($truth['login']['time'] + 420, INTRUDER, 'POST', '/user/1/edit?upload=1', 200, 512, $tool);
foreach (['id', 'uname+-a', 'cat+/etc/passwd', 'mysqldump+shop'] as $n => $command) {
  $plant($truth['login']['time'] + 460 + 30 * $n, INTRUDER, 'GET', SHELL_PATH . "?cmd=$command", 200, 1024 + $n, $tool);
}
$plant($truth['login']['time'] + 900, INTRUDER, 'GET', DUMP_PATH, 200, DUMP_BYTES, $tool);
$truth['shell'] = ['path' => SHELL_PATH, 'requests' => 4];
$truth['served_probes'] = ['/.env', SHELL_PATH, DUMP_PATH];
$truth['dump'] = ['path' => DUMP_PATH, 'bytes' => DUMP_BYTES];

$upstream = [];
$left = max(0.2 * $mib * MIB, $mib * MIB - $bytes - array_sum(array_map(fn(array $one): int => strlen($one[1]), $lines)));
$log = new Log("$out/nginx/access.log", $lines, $rotations, TRUE);
$words = ['lamp', 'table', 'chair', 'shelf', 'rug', 'vase', 'mirror', 'desk', 'stool', 'bench'];
$searches = ['how+to+clean+a+lamp', 'union+jack+rug', 'select+tables', 'drop+leaf+table', 'script+lettering'];
foreach (moments((int) ($left / 205), $start) as $n => $time) {
  $address = chance(0.06) ? '203.0.113.' . mt_rand(100, 120) : '198.18.' . mt_rand(0, 79) . '.' . mt_rand(1, 254);
  $dice = mt_rand(0, 999);
  [$target, $size, $shared] = match (TRUE) {
    $dice < 120 => ['/', 18_200, FALSE],
    $dice < 470 => ['/products/' . $words[$n % 10] . '-' . mt_rand(1, 400), mt_rand(9_000, 31_000), FALSE],
    $dice < 700 => ['/sites/default/files/images/' . $words[$n % 10] . '-' . mt_rand(1, 400) . '.jpg', mt_rand(20_000, 90_000), TRUE],
    $dice < 830 => ['/themes/shop/css/style.css', 14_210, TRUE],
    $dice < 870 => ['/search?q=' . $searches[$n % 5], mt_rand(8_000, 20_000), FALSE],
    $dice < 920 => ['/cart', 6_400, FALSE],
    $dice < 950 => ['/checkout', 7_800, FALSE],
    $dice < 965 => ['/checkout/pay', 2_100, FALSE],
    $dice < 985 => ['/articles/care-of-wood', 12_900, FALSE],
    $dice < 988 => ['/downloads/catalogue.pdf', 6_100_000, TRUE],
    default => ['/old/' . $words[$n % 10], 162, FALSE],
  };
  $status = str_starts_with($target, '/old/') ? 404 : ($shared && chance(0.4) ? 304 : 200);
  if (!$shared && $status === 200 && ($time - $outage >= 0 && $time - $outage < HOUR ? chance(0.35) : chance(0.0001))) {
    $status = 502;
    $size = 552;
    $upstream[] = [$time, date('Y/m/d H:i:s', (int) $time) . " [error] 812#812: *$n connect() to unix:/run/php/php8.2-fpm.sock failed (11: Resource temporarily unavailable) while connecting to upstream, client: $address, server: shop.example.org, request: \"GET $target HTTP/1.1\", upstream: \"fastcgi://unix:/run/php/php8.2-fpm.sock:\", host: \"shop.example.org\"\n"];
  }
  $size = $status === 304 ? 0 : $size;
  $log->write($time, $seen($time, $address, 'GET', $target, $status, $size, AGENTS[$n & 3]));
}
$log->close();
$bytes += $log->bytes;
$log = new Log("$out/nginx/error.log", $upstream);
foreach (moments(WEEK / HOUR, $start) as $n => $time) {
  $log->write($time, date('Y/m/d H:i:s', (int) $time) . " [warn] 812#812: *$n a client request body is buffered to a temporary file /var/lib/nginx/body/" . sprintf('%010d', $n) . ", client: 198.18.0.9, server: shop.example.org, request: \"POST /cart HTTP/1.1\", host: \"shop.example.org\"\n");
}
$log->close();
$bytes += $log->bytes;

foreach (['by_address', 'by_path', 'not_found', 'gateway'] as $name) {
  arsort($$name);
  $truth[$name] = array_slice($$name, 0, 20);
}
$truth['requests'] = $requests;
$truth['bytes'] = $bytes;
file_put_contents($options['truth'], json_encode($truth, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES) . "\n");
// What a log says of the year of its times is when it was written last.
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($out, FilesystemIterator::SKIP_DOTS)) as $file) {
  touch($file->getPathname(), $end);
}
