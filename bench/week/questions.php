<?php

/**
 * @file
 * Ten questions a person asks about a week of logs, each in one command: `php questions.php --build=DIR --work=DIR --json=FILE --mib=N
 * --rounds=N`, called by ./dev bench questions. The same of lnav and GoAccess where they can. Prints time, memory and how much has to be
 * typed, and holds every answer against what the generator has planted: a wrong one fails.
 *
 * Each is a process that begins with the logs. lnav and GoAccess show addresses as they are, logystera replaces them, which is part of its
 * time.
 */

declare(strict_types=1);

require __DIR__ . '/week.php';

$options = options_of_program();
putenv("PATH={$options['build']}:" . getenv('PATH'));

[$directory, $truth] = week((float) $options['mib']);
$intruder = $truth['intruder'];
$account = $truth['login']['account'];
$first = fn(array $counts, int $most = 1): array => array_slice($counts, 0, $most, TRUE);
$pairs = fn(array $counts): array => array_map(fn($name, int $count): array => [...explode(' ', (string) $name), $count], array_keys($counts), $counts);

// The commands, or why there is none; and what an answer has to say: the words of a list stand on one line.
$questions = [
  'Which address tried the most accounts?' => [
    'logystera' => 'logystera query "SELECT client_ip, count(DISTINCT user) FROM log WHERE action LIKE \'failed%\' GROUP BY 1 ORDER BY 2 DESC LIMIT 3" auth.log*',
    'lnav' => 'lnav -n -c ";SELECT regexp_match(\'from (\S+) port\', log_body), count(DISTINCT regexp_match(\'for (?:invalid user )?(\S+) from\', log_body)) FROM syslog_log WHERE log_body LIKE \'Failed password%\' GROUP BY 1 ORDER BY 2 DESC LIMIT 3" auth.log*',
    'goaccess' => 'reads access logs alone',
    'wanted' => [[$truth['sprayer']['address'], $truth['sprayer']['accounts']]],
  ],
  'Which pages answered 502, and in which hour?' => [
    'logystera' => 'logystera query "SELECT substr(time, 1, 13), path, count(*) FROM log WHERE status = 502 GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 9" nginx',
    'lnav' => 'lnav -n -c ";SELECT substr(log_time, 1, 13), cs_uri_stem, count(*) FROM access_log WHERE sc_status = 502 GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 9" nginx/access.log*',
    'goaccess' => 'counts by status or by page, not by both',
    'wanted' => array_map(fn(string $key, int $count): array => [substr($key, 0, 13), substr($key, 14) . ' ', $count], array_keys($first($truth['gateway'], 3)), $first($truth['gateway'], 3)),
  ],
  'What happened after 02:00?' => [
    'logystera' => "logystera scan . --since '2026-05-18 02:00' --summary",
    'lnav' => 'has no rules: shows the lines',
    'goaccess' => 'has no rules',
    'wanted' => [['SSH_BRUTE_FORCE_SUCCESS', $intruder, "as $account"], ['SSH_BRUTE_FORCE:', $intruder, "{$truth['guesses']} times"], ['DRUPAL_PHP_IN_FILES', $intruder, "{$truth['shell']['requests']} times"], ['WEB_BACKUP_SERVED', $intruder]],
  ],
  'Who became root, and how often?' => [
    'logystera' => "logystera top users auth.log* --where 'action = sudo and target_user = root'",
    'lnav' => 'lnav -n -c ";SELECT regexp_match(\'(\S+) : TTY\', log_body), count(*) FROM syslog_log WHERE log_body LIKE \'%USER=root%\' GROUP BY 1 ORDER BY 2 DESC" auth.log*',
    'goaccess' => 'reads access logs alone',
    'wanted' => $pairs($truth['sudo']),
  ],
  'Which pages cost the most bytes?' => [
    'logystera' => 'logystera query "SELECT path, sum(bytes) FROM log GROUP BY 1 ORDER BY 2 DESC LIMIT 5" nginx',
    'lnav' => 'lnav -n -c ";SELECT cs_uri_stem, sum(sc_bytes) FROM access_log GROUP BY 1 ORDER BY 2 DESC LIMIT 5" nginx/access.log*',
    'goaccess' => 'zcat -f nginx/access.log* | goaccess - --log-format=COMBINED --sort-panel=REQUESTS,BY_BW,DESC -o ../report.json',
    'wanted' => $pairs($first($truth['by_path'], 3)),
    // Its pages and its static files are two lists.
    'wanted of goaccess' => [['/', $truth['by_path']['/'] ?? 0]],
  ],
  'Which errors are new since yesterday?' => [
    'logystera' => 'logystera query "SELECT pattern(message), count(*), min(time) FROM log WHERE level >= \'error\' GROUP BY 1 HAVING min(time) >= \'2026-05-17\' ORDER BY 2 DESC" .',
    'lnav' => 'takes the container\'s log for text',
    'goaccess' => 'reads access logs alone',
    'wanted' => [['price(): Argument', $truth['new_errors']['price']], ['cannot decrypt session <', $truth['new_errors']['session']]],
  ],
  'Which probes were answered 200, and whose?' => [
    'logystera' => "logystera scan nginx --findings-only --where 'status = 200' --min-severity high",
    'lnav' => 'knows no probes',
    'goaccess' => 'knows no probes',
    'wanted' => array_map(fn(string $path): array => ["GET $path", $intruder, 'answered 200'], $truth['served_probes']),
  ],
  'Which addresses took the most bytes?' => [
    'logystera' => 'logystera query "SELECT client_ip, sum(bytes) FROM log GROUP BY 1 ORDER BY 2 DESC LIMIT 5" nginx',
    'lnav' => 'lnav -n -c ";SELECT c_ip, sum(sc_bytes) FROM access_log GROUP BY 1 ORDER BY 2 DESC LIMIT 5" nginx/access.log*',
    // It sorts by bytes what has the most hits: one that comes seldom and takes much is lost, unless as many as there are may be shown.
    'goaccess' => 'zcat -f nginx/access.log* | goaccess - --log-format=COMBINED --sort-panel=HOSTS,BY_BW,DESC --max-items=99999 -o ../report.json',
    'wanted' => $pairs($first($truth['by_address'], 3)),
  ],
  'Who logged in over SSH, and from where?' => [
    'logystera' => "logystera top users addresses auth.log* --where 'action = accepted'",
    'lnav' => 'lnav -n -c ";SELECT regexp_match(\'for (\S+) from\', log_body), regexp_match(\'from (\S+) port\', log_body), count(*) FROM syslog_log WHERE log_body LIKE \'Accepted %\' GROUP BY 1, 2 ORDER BY 3 DESC" auth.log*',
    'goaccess' => 'reads access logs alone',
    'wanted' => $pairs($truth['logins']),
  ],
  'Did units fail, or memory run out?' => [
    'logystera' => 'logystera scan kern.log syslog* --summary',
    'lnav' => 'lnav -n -c ";SELECT log_time, log_body FROM syslog_log WHERE log_body LIKE \'%Out of memory: Killed%\' OR log_body LIKE \'%Failed with result%\'" kern.log syslog*',
    'goaccess' => 'reads access logs alone',
    'wanted' => [['Out of Memory', "{$truth['out_of_memory']} times"], ['Unit Failed', "{$truth['failed_units']['backup.service']} times"], ['I/O Error', "{$truth['io_errors']} times"]],
    'wanted of lnav' => [['Out of memory: Killed'], ['backup.service: Failed with result']],
  ],
];
const TOOLS = ['logystera', 'lnav', 'goaccess'];

/** The lines of an answer; of GoAccess's report one for each row of a panel. */
function answer_lines(string $tool, string $out): array {
  global $work;
  if ($tool !== 'goaccess') {
    return explode("\n", $out);
  }
  $lines = [];
  foreach (json_decode((string) file_get_contents("$work/report.json"), TRUE, flags: JSON_THROW_ON_ERROR) as $panel) {
    foreach ($panel['data'] ?? [] as $row) {
      $lines[] = "{$row['data']} {$row['bytes']['count']}";
    }
  }
  return $lines;
}

/** What is missing in an answer. */
function missing(string $tool, array $lines, array $wanted): array {
  global $program, $names;
  $gone = [];
  foreach ($wanted as $words) {
    $shown = [];
    foreach ($words as $word) {
      $is_address = filter_var($word, FILTER_VALIDATE_IP) !== FALSE;
      $shown[] = $tool === 'logystera' && $is_address ? $names[$word] ??= pseudonym($program, $word) : (string) $word;
    }
    // 21 is not found in 212.
    $whole = array_map(fn(string $word): string => preg_match('/^\d+$/', $word) ? "/(?<![\d,.])$word(?![\d,.])/" : '/' . preg_quote($word, '/') . '/', $shown);
    $found = array_filter($lines, fn(string $line): bool => array_filter($whole, fn(string $one): bool => !preg_match($one, $line)) === []);
    if (!$found) {
      $gone[] = implode(' … ', $shown);
    }
  }
  return $gone;
}

$names = [];
$taken = [];
foreach ($questions as $question => $of) {
  for ($round = 0; $round < (int) $options['rounds']; ++$round) {
    foreach (TOOLS as $tool) {
      if (!preg_match("/(^|\| )$tool /", $of[$tool])) {
        continue;
      }
      $answer = typed($of[$tool], $directory, fresh_home('home'));
      $taken[$question][$tool]['wall'][] = $answer['wall'];
      $taken[$question][$tool]['peak'][] = $answer['peak'];
      if ($round > 0) {
        continue;
      }
      $lines = answer_lines($tool, $answer['out']);
      // Entries of a last screen go on in the next line.
      $lines = explode("\n", preg_replace('/\n {11}/', ' ', implode("\n", $lines)));
      foreach (missing($tool, $lines, $of["wanted of $tool"] ?? $of['wanted']) as $words) {
        ++$missed;
        echo "WRONG: $question\n  {$of[$tool]}\n  does not say: $words\n  but: ", substr($answer['out'], 0, 1500), "\n";
      }
    }
  }
}

echo "| question | | s, median (spread) | MiB | typed |\n|---|---|---|---|---|\n";
foreach ($questions as $question => $of) {
  foreach (TOOLS as $tool) {
    $title = $tool === 'logystera' ? $question : '';
    if (!isset($taken[$question][$tool])) {
      echo "| $title | $tool | cannot: {$of[$tool]} | | |\n";
      continue;
    }
    $wall = spread($taken[$question][$tool]['wall']);
    $peak = spread($taken[$question][$tool]['peak']);
    printf("| %s | %s | %.2f (%.2f–%.2f) | %.0f | %d |\n", $title, $tool, $wall['median'], $wall['min'], $wall['max'], $peak['median'], strlen($of[$tool]));
    $figures["$question, $tool"] = ['wall' => $wall, 'peak' => $peak, 'characters' => strlen($of[$tool]), 'command' => $of[$tool]];
  }
}
echo "\nThe commands, in the directory of the logs:\n";
foreach ($questions as $question => $of) {
  echo "\n$question\n";
  foreach (TOOLS as $tool) {
    echo isset($taken[$question][$tool]) ? "  {$of[$tool]}\n" : '';
  }
}
echo $missed === 0 ? "\nevery answer is right\n" : "\n$missed answer(s) wrong\n";
file_put_contents($options['json'], json_encode(['log_bytes' => $truth['bytes'], 'rounds' => (int) $options['rounds'], 'figures' => $figures], JSON_PRETTY_PRINT) . "\n");
exit($missed === 0 ? 0 : 1);
