<?php

/**
 * @file
 * From a week of logs to the answer, from a cold start: `php run.php --build=DIR --work=DIR --json=FILE --mib=N --rounds=N`, called by
 * ./dev bench week. Prints the last screen of `logystera scan`, the time until it stands there and the peak of memory, and checks that
 * the break-in the generator has planted is within its first lines; the same for the logs of `logystera demo run`.
 *
 * Cold: no compiled rules, no salt, no state, and as root nothing of the logs or the program in the page cache.
 */

declare(strict_types=1);

require __DIR__ . '/week.php';

const FIRST_LINES = 10;
const MOST_LINES = 25;
const DROP_CACHES = '/proc/sys/vm/drop_caches';

$options = options_of_program();
putenv("PATH={$options['build']}:" . getenv('PATH'));

/** The last screen: from its line "Read:" on. */
function last_screen(string $output): array {
  $lines = explode("\n", rtrim($output));
  for ($at = count($lines) - 1; $at >= 0; --$at) {
    if (str_starts_with($lines[$at], 'Read: ')) {
      return array_slice($lines, $at);
    }
  }
  stop("there is no last screen in:\n" . substr($output, -2000));
}

/** Lines of an entry that go on in the next are one. */
function entries(array $lines): array {
  $entries = [];
  foreach ($lines as $line) {
    if (str_starts_with($line, '           ') && $entries) {
      $entries[array_key_last($entries)] .= ' ' . ltrim($line);
    }
    else {
      $entries[] = $line;
    }
  }
  return $entries;
}

/** 1 if an entry within the first lines has these words. */
function stands_first(string $name, array $screen, array $words): void {
  $found = line_with(entries(array_slice($screen, 0, FIRST_LINES)), $words);
  figure("$name: within the first " . FIRST_LINES . ' lines', 'of 1', [$found === NULL ? 0 : 1], '>=', 1);
}

[$directory, $truth] = week((float) $options['mib']);
$who = pseudonym($program, $truth['intruder']);
$cold = is_writable(DROP_CACHES);
$taken = [];
for ($round = 0; $round < (int) $options['rounds']; ++$round) {
  $home = fresh_home('home');
  if ($cold) {
    exec('sync');
    file_put_contents(DROP_CACHES, '3');
  }
  $answer = typed('logystera scan week', dirname($directory), $home);
  foreach (['wall' => 's', 'processor' => 's', 'peak' => 'MiB'] as $what => $unit) {
    $taken[$what][0] = $unit;
    $taken[$what][1][] = $answer[$what];
  }
}
$screen = last_screen($answer['out']);
echo '$ logystera scan week    (its last screen, ', count($screen), ' lines; the whole output has ', substr_count($answer['out'], "\n"), ")\n";
echo implode("\n", $screen), "\n\n";
echo $cold ? '' : "Not root: the logs may be in the page cache.\n";
figure('last screen, the clock on the wall', 's', $taken['wall'][1]);
figure('last screen, the processor', 's', $taken['processor'][1]);
figure('peak of memory', 'MiB', $taken['peak'][1]);
figure('read per second', 'MiB/s', array_map(fn(float $wall): float => $truth['bytes'] / 1048576 / max($wall, 0.01), $taken['wall'][1]));
figure('lines of the last screen', '', [count($screen)], '<=', MOST_LINES);
stands_first('break-in over SSH', $screen, ['SSH_BRUTE_FORCE_SUCCESS', "$who as {$truth['login']['account']}", 'logged in']);
stands_first('file served to the intruder', $screen, ['WEB_DOTFILE_SERVED', $who, 'answered 200']);
stands_first('shell used by the intruder', $screen, [$who, basename($truth['shell']['path']), 'answered 200']);

$demo = typed('logystera demo run --no-pause', $work, fresh_home('home'))['out'];
if (!preg_match('/^\$ logystera scan [^\n]*--summary\n(Read: .*?)\n\n/ms', $demo, $found)) {
  stop("'logystera demo run' shows no last screen");
}
echo "\n\$ logystera demo run    (its last screen)\n{$found[1]}\n\n";
stands_first('break-in of the demo', last_screen($found[1]), ['SSH_BRUTE_FORCE_SUCCESS', 'as root', 'logged in']);
finish($options['json'], ['log_bytes' => $truth['bytes'], 'rounds' => (int) $options['rounds'], 'cold' => $cold, 'screen' => $screen]);
