<?php

/**
 * @file
 * What the benchmarks written in PHP share: running commands, counting instructions, and figures with their bars.
 *
 * Each names its scratch directory in $work.
 */

declare(strict_types=1);

$figures = [];
$missed = 0;

/** Processes to end with this one, however it ends. */
function background(array $command): void {
  $process = proc_open($command, [1 => ['file', '/dev/null', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
  register_shutdown_function(function () use ($process): void {
    proc_terminate($process);
    proc_close($process);
  });
}

function stop(string $message): never {
  fwrite(STDERR, "bench: $message\n");
  exit(2);
}

function run(array $command, array $environment = []): string {
  global $work;
  $process = proc_open($command, [1 => ['pipe', 'w'], 2 => ['file', "$work/stderr", 'w']], $pipes, NULL, $environment + getenv());
  $output = stream_get_contents($pipes[1]);
  $status = proc_close($process);
  if ($status !== 0) {
    stop(implode(' ', $command) . " ended with status $status\n" . substr((string) file_get_contents("$work/stderr"), -2000));
  }
  return $output;
}

/** The options of a benchmark of the program over a log it makes; sets $work and $program by them, and what the program goes by. */
function options_of_program(): array {
  global $work, $program;
  $options = getopt('', ['build:', 'work:', 'json:', 'mib:', 'rounds:']);
  $work = $options['work'];
  $program = "{$options['build']}/logystera";
  putenv('LC_ALL=C.UTF-8');
  putenv('TZ=UTC');
  putenv('LOGYSTERA_PII_SALT=bench');
  return $options;
}

/** Runs a command, its output into a file: seconds on the wall, seconds of the processor, peak KiB, of it and all it starts. */
function clocked(array $command, string $out, array $environment = [], ?string $directory = NULL): array {
  global $work;
  $timing = array_merge(['/usr/bin/time', '-o', "$work/time", '-f', '%e %U %S %M'], $command);
  $streams = [0 => ['file', '/dev/null', 'r'], 1 => ['file', $out, 'w'], 2 => ['file', "$work/stderr", 'w']];
  $status = proc_close(proc_open($timing, $streams, $pipes, $directory, $environment + getenv()));
  if ($status !== 0) {
    stop(implode(' ', $command) . "\nended with status $status\n" . substr((string) file_get_contents("$work/stderr"), -2000));
  }
  [$wall, $user, $system, $peak] = array_map(floatval(...), explode(' ', trim((string) array_slice(file("$work/time"), -1)[0])));
  return [$wall, $user + $system, $peak];
}

function spread(array $values): array {
  sort($values);
  return ['min' => $values[0], 'median' => $values[intdiv(count($values), 2)], 'max' => end($values), 'runs' => count($values)];
}

/** One figure: printed, kept, and held against its bar ("<=" or ">="). */
function figure(string $name, string $unit, array $values, ?string $relation = NULL, ?float $bar = NULL): void {
  global $figures, $missed;
  $spread = spread($values);
  $met = $relation === NULL || ($relation === '<=' ? $spread['median'] <= $bar : $spread['median'] >= $bar);
  $missed += $met ? 0 : 1;
  $figures[$name] = $spread + ['unit' => $unit, 'bar' => $relation === NULL ? NULL : "$relation $bar", 'met' => $met];
  printf("%-58s %10.2f %10.2f %10.2f  %-12s %s\n", $name, $spread['min'], $spread['median'], $spread['max'], $unit,
    $relation === NULL ? '' : ($met ? "met ($relation $bar)" : "MISSED ($relation $bar)"));
}

function fresh(string $name): string {
  global $work;
  $directory = "$work/$name";
  exec('rm -rf ' . escapeshellarg($directory));
  mkdir($directory, 0700, TRUE);
  return $directory;
}

/** Instructions of a whole process, or inside one function of it. */
function instructions(array $command, array $environment = [], ?string $function = NULL): int {
  global $work;
  $out = "$work/callgrind.out";
  $valgrind = ['valgrind', '--tool=callgrind', "--callgrind-out-file=$out", '--quiet'];
  if ($function !== NULL) {
    array_push($valgrind, '--collect-atstart=no', "--toggle-collect=$function");
  }
  run(array_merge($valgrind, $command), $environment);
  foreach (file($out) as $line) {
    if (preg_match('/^(?:summary|totals): (\d+)/', $line, $match)) {
      return (int) $match[1];
    }
  }
  stop('valgrind wrote no totals');
}

/** Instructions of each request of a php-cgi that serves several, the first with all that starts the process. */
function instructions_by_request(array $command, array $environment): array {
  global $work;
  $directory = fresh('callgrind');
  run(array_merge(['valgrind', '--tool=callgrind', '--dump-after=php_request_shutdown', "--callgrind-out-file=$directory/out", '--quiet'], $command), $environment);
  $counts = [];
  for ($number = 1; is_file("$directory/out.$number"); $number++) {
    if (!preg_match('/^(?:summary|totals): (\d+)/m', file_get_contents("$directory/out.$number"), $match)) {
      stop('valgrind wrote no totals');
    }
    $counts[] = (int) $match[1];
  }
  exec('rm -rf ' . escapeshellarg($directory));
  return $counts;
}

/** Writes all figures as JSON and ends: 1 when a bar is missed. */
function finish(string $file, array $facts): never {
  global $figures, $missed;
  file_put_contents($file, json_encode(['php' => PHP_VERSION] + $facts + ['figures' => $figures], JSON_PRETTY_PRINT) . "\n");
  echo $missed === 0 ? "every bar is met\n" : "$missed bar(s) missed\n";
  exit($missed === 0 ? 0 : 1);
}
