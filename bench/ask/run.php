<?php

/**
 * @file
 * Questions to an access log, asked of lnav, of `logystera query` and of `logystera top`: `php run.php --build=DIR --work=DIR --json=FILE
 * --mib=N --rounds=N`, called by ./dev bench ask. Prints seconds on the wall and of the processor and the peak of memory as min /
 * median / max, and checks that those who answer the same question give the same numbers.
 *
 * All run once a round, one after the other, each a process that begins with the log: what lnav remembers of a file from an
 * earlier session is none of this. Personal data are shown in the clear by lnav; `query` and `top` replace them, which is part of
 * their time.
 */

declare(strict_types=1);

require __DIR__ . '/../figures.php';

const ADDRESSES = 60000;
// Questions: what a person asks; SQL for lnav; SQL for query; arguments of top, or none.
const QUESTIONS = [
  'not found by URL' => [
    'SELECT cs_uri_stem, count(*) AS n FROM access_log WHERE sc_status = 404 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5',
    'SELECT path, count(*) AS n FROM log WHERE status = 404 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5',
    ['path', '--where', 'status = 404', '-n', '5'],
  ],
  'requests by status' => [
    'SELECT sc_status, count(*) AS n FROM access_log GROUP BY 1 ORDER BY 2 DESC',
    'SELECT status, count(*) AS n FROM log GROUP BY 1 ORDER BY 2 DESC',
    ['status', '-n', '20'],
  ],
  'bytes by hour' => [
    "SELECT substr(log_time, 1, 13) AS hour, sum(sc_bytes) AS n FROM access_log GROUP BY 1 ORDER BY 1",
    "SELECT substr(time, 1, 13) AS hour, sum(bytes) AS n FROM log GROUP BY 1 ORDER BY 1",
    NULL,
  ],
  'five minutes of one hour' => [
    "SELECT count(*) AS n FROM access_log WHERE log_time >= '2026-05-18 01:00:00' AND log_time < '2026-05-18 01:05:00'",
    "SELECT count(*) AS n FROM log WHERE time >= '2026-05-18 01:00:00' AND time < '2026-05-18 01:05:00'",
    NULL,
  ],
  'addresses by requests' => [
    'SELECT c_ip, count(*) AS n FROM access_log GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5',
    'SELECT client_ip, count(*) AS n FROM log GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5',
    ['addresses', '-n', '5'],
  ],
];

$options = options_of_program();
putenv("XDG_STATE_HOME=$work/state");

$log = "$work/access.log";
$bytes = (int) $options['mib'] * 1024 * 1024;
if (!is_file($log) || abs(filesize($log) - $bytes) > 2 * 1024 * 1024) {
  // lnav takes no request with blanks in its URL for one, so that the log has none.
  $generate = escapeshellarg("{$options['build']}/bench_scan_generate") . " $bytes " . ADDRESSES . " | grep -vF '() { :;' > " . escapeshellarg($log);
  exec($generate, $output, $status);
  if ($status !== 0) {
    stop('the log cannot be written');
  }
}

/** Runs a command: its output, seconds on the wall and of the processor, and peak MiB. */
function measured(array $command): array {
  global $work;
  $home = fresh('home');
  [$wall, $processor, $peak] = clocked($command, "$work/out", ['HOME' => $home, 'XDG_CONFIG_HOME' => $home]);
  return ['out' => (string) file_get_contents("$work/out"), 'wall' => $wall, 'processor' => $processor, 'peak' => $peak / 1024];
}

/** The last cell of each row of a CSV table, where it is a number: what was counted. */
function counted(string $output): array {
  preg_match_all('/(?:^|,)(\d+)\r?$/m', $output, $numbers);
  return array_map(intval(...), $numbers[1]);
}

$taken = [];
for ($round = 0; $round < (int) $options['rounds']; ++$round) {
  foreach (QUESTIONS as $question => [$lnav, $query, $top]) {
    $answers = [
      'lnav' => measured(['lnav', '-n', '-c', ";$lnav", '-c', ':write-csv-to -', $log]),
      'query' => measured([$program, 'query', $query, $log, '--csv']),
    ];
    if ($question === 'addresses by requests') {
      $answers['query --show-pii'] = measured([$program, 'query', $query, $log, '--csv', '--show-pii']);
    }
    if ($top !== NULL) {
      $answers['top'] = measured([$program, 'top', ...array_slice($top, 0, 1), $log, ...array_slice($top, 1), '--csv']);
    }
    if (counted($answers['query']['out']) !== array_slice(counted($answers['lnav']['out']), 0, count(counted($answers['query']['out'])))) {
      stop("$question: lnav and query answer differently:\n{$answers['lnav']['out']}\n{$answers['query']['out']}");
    }
    foreach ($answers as $who => $answer) {
      foreach (['wall' => 's', 'processor' => 's', 'peak' => 'MiB'] as $what => $unit) {
        $taken["$question, $who, $what"][0] = $unit;
        $taken["$question, $who, $what"][1][] = $answer[$what];
      }
    }
  }
}
foreach ($taken as $name => [$unit, $values]) {
  figure($name, $unit, $values);
}
finish($options['json'], ['log_bytes' => filesize($log), 'rounds' => (int) $options['rounds']]);
