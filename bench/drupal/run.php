<?php

/**
 * @file
 * Measures what the module costs a page, and how long its own pages take on a full buffer. Called by ./dev bench drupal:
 * `php run.php --sites=FILE --web=DIR --work=DIR --json=FILE
 * --extension=SO --client=FILE --fpm=FILE --cgi=FILE [--rounds=N] [--runs=N]`.
 *
 * FILE has a JSON object a line: name, host, cookie, samples (a file, or NULL), extension (whether PHP loads it). Prints each
 * figure as min / median / max with its bar, writes all as JSON, and exits 1 when a bar is missed.
 */

declare(strict_types=1);

require __DIR__ . '/../figures.php';

// Requests of a worker before those that count, and those.
const WARM = 5;
const COUNTED = 9;

$options = getopt('', ['sites:', 'web:', 'work:', 'json:', 'extension:', 'client:', 'fpm:', 'cgi:', 'rounds:', 'runs:']);
$rounds = max(200, (int) ($options['rounds'] ?? 400));
$runs = max(3, (int) ($options['runs'] ?? 3));
$work = $options['work'];
$web = $options['web'];
$sites = array_column(array_map(fn($line) => json_decode($line, TRUE, flags: JSON_THROW_ON_ERROR), file($options['sites'])), NULL, 'name');

// A page out of the page cache never reaches the modules' hooks: nothing is recorded, the module costs its share of the container.
const PAGES = [
  'front page' => ['path' => '/', 'cookie' => FALSE, 'expected' => 'Article 40', 'records' => FALSE],
  'content list' => ['path' => '/admin/content', 'cookie' => TRUE, 'expected' => 'Article 40', 'records' => TRUE],
];

// The administration pages, on a full buffer.
const TABS = [
  'Settings' => '',
  'Status' => '/status',
  'Events' => '/events',
  'Events of a type' => '/events?type=http.request',
  'Events with a text' => '/events?text=revisions/199/',
  'Events, last page' => '/events?page=1000',
  'Ingest Logs' => '/ingest-logs',
  'Debug' => '/debug',
  'Support' => '/support',
];
const TAB_REQUESTS = 15;

/** Has a process after the other record what one request may, until the buffer is full. */
function fill(string $directory): void {
  global $options;
  for ($number = 0, $status = 0; $status === 0 && $number < 2000; $number++) {
    exec(implode(' ', array_map(escapeshellarg(...), [PHP_BINARY, '-n', '-d', "extension={$options['extension']}", __DIR__ . '/fill.php', $directory, (string) $number])), $output, $status);
  }
  if ($status !== 3) {
    stop("the buffer could not be filled (status $status)");
  }
}

/** What a web server tells PHP about a request. */
function parameters(array $site, array $page): array {
  global $web;
  return [
    'SCRIPT_FILENAME' => "$web/index.php",
    'SCRIPT_NAME' => '/index.php',
    'DOCUMENT_ROOT' => $web,
    'REQUEST_METHOD' => 'GET',
    'REQUEST_URI' => $page['path'],
    'QUERY_STRING' => parse_url($page['path'], PHP_URL_QUERY) ?? '',
    'SERVER_PROTOCOL' => 'HTTP/1.1',
    'SERVER_SOFTWARE' => 'nginx',
    'SERVER_NAME' => $site['host'],
    'SERVER_PORT' => '80',
    'REMOTE_ADDR' => '192.0.2.7',
    'REDIRECT_STATUS' => '200',
    'HTTP_HOST' => $site['host'],
    'HTTP_USER_AGENT' => 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    'HTTP_ACCEPT' => 'text/html',
  ] + ($page['cookie'] ? ['HTTP_COOKIE' => $site['cookie']] : []);
}

/** PHP's options for a site: OPcache as in production, the extension where the site has it. */
function php_options(array $site): array {
  global $options;
  return array_merge(['-d', 'opcache.enable=1', '-d', 'opcache.validate_timestamps=0', '-d', 'memory_limit=256M', '-d', 'display_errors=0'],
    $site['extension'] ? ['-d', "extension={$options['extension']}"] : []);
}

/** Instructions of a request of a warm worker: the middle one of several, since now and then one tidies up for all. */
function request_instructions(array $site, array $page): float {
  global $options;
  $counts = instructions_by_request(array_merge([$options['cgi'], '-q', '-T', '0,' . (WARM + COUNTED)], php_options($site),
    // SQLite lets the row of the container grow by a byte: whether that copies all of it hangs on the state of the heap, but
    // not where large blocks have mappings of their own.
    [$options['web'] . '/index.php']), parameters($site, $page) + ['MALLOC_MMAP_THRESHOLD_' => '131072']);
  if (count($counts) < WARM + COUNTED) {
    stop('of ' . (WARM + COUNTED) . ' requests ' . count($counts) . ' were counted');
  }
  return spread(array_slice($counts, WARM, COUNTED))['median'];
}

/** One FPM with one worker for each site. */
function start_fpm(string $name, array $site): string {
  global $options, $work;
  $root = posix_geteuid() === 0;
  $socket = "$work/$name.sock";
  file_put_contents("$work/$name.conf", "[global]\nerror_log = $work/$name.log\ndaemonize = no\n[www]\nlisten = $socket\n"
    . "pm = static\npm.max_children = 1\ncatch_workers_output = yes\n" . ($root ? "user = root\ngroup = root\n" : ''));
  background(array_merge([$options['fpm'], '-F', '-y', "$work/$name.conf"], php_options($site), $root ? ['-R'] : []));
  for ($i = 0; $i < 200 && !file_exists($socket); $i++) {
    usleep(50000);
  }
  return $socket;
}

/** Microseconds of each round, by site. */
function times(array $names, array $page, int $rounds): array {
  global $options, $sites, $sockets, $work;
  $files = [];
  foreach ($names as $name) {
    $lines = [$sockets[$name]];
    foreach (parameters($sites[$name], $page) as $key => $value) {
      $lines[] = "$key=$value";
    }
    file_put_contents($files[] = "$work/$name.request", implode("\n", $lines) . "\n");
  }
  $output = explode("\n", trim(run(array_merge([$options['client'], (string) $rounds, $page['expected']], $files))));
  return array_combine($names, array_map(fn($line) => array_map(floatval(...), explode(' ', trim($line))), $output));
}

/** How many events are in the buffer of a site, once the last request has written its own: the visitor did not wait for that. */
function recorded(string $name): int {
  global $work;
  usleep(500000);
  $file = "$work/$name/buffer/buffer-current.jsonl";
  return is_file($file) ? substr_count(file_get_contents($file), '"event_type"') : 0;
}

function quantile(array $values, float $share): float {
  sort($values);
  return $values[min(count($values) - 1, (int) (count($values) * $share))];
}

/** The middle of paired differences with its 95 % interval, by the order statistics around the median. */
function paired(array $a, array $b): array {
  $differences = array_map(fn($x, $y) => $x - $y, $a, $b);
  sort($differences);
  $count = count($differences);
  $half = (int) ceil(0.98 * sqrt($count));
  return [$differences[max(0, intdiv($count, 2) - $half)], $differences[intdiv($count, 2)], $differences[min($count - 1, intdiv($count, 2) + $half)]];
}

printf("%-66s %10s %10s %10s\n", 'figure', 'min', 'median', 'max');
$sockets = [];
foreach ($sites as $name => $site) {
  $sockets[$name] = start_fpm($name, $site);
}
foreach (PAGES as $title => $page) {
  // The caches of every site are filled. Then those record that should, and only they.
  times(array_keys($sites), $page, 10);
  $before = array_map(recorded(...), array_keys($sites));
  times(array_keys($sites), $page, 10);
  foreach (array_keys($sites) as $number => $name) {
    $expected = $page['records'] && $name !== 'off' && $name !== 'timed-idle' ? 10 : 0;
    if (recorded($name) - $before[$number] !== $expected) {
      stop("$title: the site $name recorded " . (recorded($name) - $before[$number]) . " events of 10 requests, not $expected");
    }
  }

  $counts = array_fill_keys(['off', 'on', 'twin'], []);
  for ($i = 0; $i < $runs; $i++) {
    foreach (array_keys($counts) as $name) {
      $counts[$name][] = request_instructions($sites[$name], $page);
    }
  }
  $share = fn(string $name) => array_map(fn($with, $without) => 100 * ($with - $without) / $without, $counts[$name], $counts['off']);
  figure("$title: without the module", 'instructions', $counts['off']);
  figure("$title: with the module", 'instructions', $counts['on']);
  figure("$title: with its PHP twin", 'instructions', $counts['twin']);
  figure("$title: added by the module", '% of the page', $share('on'), '<=', 1.0);
  figure("$title: added by its PHP twin", '% of the page', $share('twin'));

  $ratios = $beyond = [];
  $agent = !$page['records'] ? [] : ['timed-on' => [], 'timed-twin' => [], 'timed-idle' => []];
  for ($i = 0; $agent && $i < max(11, $runs); $i++) {
    array_map(fn($name) => file_put_contents($sites[$name]['samples'], ''), array_keys($agent));
    times(array_keys($agent), $page, 100);
    foreach (array_keys($agent) as $name) {
      $agent[$name][] = quantile(array_map(intval(...), file($sites[$name]['samples'])), 0.5) / 1000;
    }
    $ratios[] = end($agent['timed-on']) / end($agent['timed-twin']);
    $beyond[] = (end($agent['timed-on']) - end($agent['timed-idle'])) / (end($agent['timed-twin']) - end($agent['timed-idle']));
  }
  if ($agent) {
    figure("$title: time in the agent, extension", 'us', $agent['timed-on']);
    figure("$title: time in the agent, PHP twin", 'us', $agent['timed-twin']);
    figure("$title: time in an agent that does nothing", 'us', $agent['timed-idle']);
    figure("$title: extension / PHP twin", 'ratio', $ratios, '<=', 1 / 3);
    figure("$title: the same, beyond doing nothing", 'ratio', $beyond);
  }

  $times = times(['off', 'on', 'twin'], $page, $rounds);
  foreach ($times as $name => $values) {
    figure("$title: p50, $name", 'us', [quantile($values, 0.5)]);
    figure("$title: p99, $name", 'us', [quantile($values, 0.99)]);
    figure("$title: one worker, $name", 'requests/s', [1e6 * count($values) / array_sum($values)]);
  }
  foreach (['on', 'twin'] as $name) {
    figure("$title: $name - off, $rounds pairs, 95 % interval of the median", 'us', paired($times[$name], $times['off']));
  }
}

fill("$work/on/buffer");
foreach (TABS as $title => $path) {
  $page = ['path' => "/admin/config/system/logystera$path", 'cookie' => TRUE, 'expected' => 'Logystera'];
  times(['on'], $page, 3);
  figure("$title, full buffer", 'ms', array_map(fn($us) => $us / 1000, times(['on'], $page, TAB_REQUESTS)['on']), '<=', 300.0);
}
finish($options['json'], ['runs' => $runs, 'rounds' => $rounds]);
