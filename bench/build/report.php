<?php

/**
 * @file
 * report.php DIRECTORY JSON [COMMIT]: what ./dev bench build measured.
 *
 * DIRECTORY/builds.tsv has a line a build ("TREE PART USER SYSTEM"), files.tsv one a compilation ("TREE USER SYSTEM KIB COMMAND…").
 */

declare(strict_types=1);

require __DIR__ . '/../figures.php';

const FILES_SHOWN = 10;
const PARTS = ['logystera' => 'the program', 'all' => 'the tests'];

[, $work, $json] = $argv;
$peer = $argv[3] ?? '';

$seconds = [];
foreach (file("$work/builds.tsv", FILE_IGNORE_NEW_LINES) as $line) {
  [$tree, $part, $user, $system] = explode(' ', $line);
  $seconds[$tree][$part][] = (float) $user + (float) $system;
}
printf("%-58s %10s %10s %10s\n", 'processor seconds of a clean build', 'min', 'median', 'max');
foreach (PARTS as $part => $title) {
  figure($title, 's', $seconds['this'][$part]);
  if (isset($seconds['peer'])) {
    figure("$title, at $peer", 's', $seconds['peer'][$part]);
    // Round by round: what disturbs the machine for a while disturbs both.
    figure("$title, this / $peer", 'x', array_map(fn ($ours, $theirs) => $ours / $theirs, $seconds['this'][$part], $seconds['peer'][$part]));
  }
}

$files = [];
foreach (file("$work/files.tsv", FILE_IGNORE_NEW_LINES) as $line) {
  if (preg_match('/^(this|peer) ([\d.]+) ([\d.]+) (\d+) .* -o (\S+)/', $line, $match)) {
    $name = preg_replace(['#^CMakeFiles/(\S+?)\.dir/#', '#\.o$#'], ['$1: ', ''], $match[5]);
    $files[$match[1]][$name][] = (float) $match[2] + (float) $match[3];
  }
}
$slowest = [];
foreach ($files as $tree => $times) {
  $medians = array_map(fn ($values) => spread($values)['median'], $times);
  arsort($medians);
  $slowest[$tree] = array_slice($medians, 0, FILES_SHOWN);
  printf("\n%s: %d files, %.0f s; most of it\n", $tree === 'this' ? 'this' : $peer, count($medians), array_sum($medians));
  foreach ($slowest[$tree] as $name => $median) {
    printf("  %8.2f s  %s\n", $median, $name);
  }
}
echo "\n";
finish($json, ['cpus' => (int) shell_exec('nproc'), 'compiler' => trim((string) shell_exec('c++ --version | head -1')), 'peer' => $peer, 'files' => $slowest]);
