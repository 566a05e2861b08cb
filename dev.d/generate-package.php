<?php

/**
 * @file
 * Writes package.xml (PECL) from the tree, and the list of sources in config.w32 from config.m4's.
 *
 * Usage: php dev.d/generate-package.php
 * Version from VERSION, date and notes from that version's entry in CHANGELOG.md.
 */

declare(strict_types=1);

$root = dirname(__DIR__);

/** What a source release of the extension holds: folders and files, with the role PEAR gives them. */
const CONTENTS = [
  'src/core' => 'src', 'src/agent' => 'src', 'src/extension' => 'src', 'stubs' => 'src', 'phpt' => 'test',
  'config.m4' => 'src', 'config.w32' => 'src', 'Makefile.frag' => 'src', 'php_logystera.h' => 'src', 'VERSION' => 'src',
  'signals.json' => 'src', 'composer.json' => 'src',
  'LICENSE' => 'doc', 'README.md' => 'doc', 'CHANGELOG.md' => 'doc', 'PRIVACY.md' => 'doc', 'SECURITY.md' => 'doc',
];

/** PEAR wants an address; the publisher of a release puts its own here. ".invalid" can belong to nobody (RFC 2606). */
const LEAD_EMAIL = 'packages@logystera.invalid';

function fail(string $message): never {
  fwrite(STDERR, "$message\n");
  exit(1);
}

/** Tracked and new files below a path; never what a build or a test run left there. */
function files_of(string $root, string $path): array {
  $command = 'git -C ' . escapeshellarg($root) . ' ls-files --cached --others --exclude-standard -- ' . escapeshellarg($path);
  exec($command, $files, $status);
  if ($status !== 0) {
    fail("git ls-files $path failed: package.xml is generated in a git checkout");
  }
  $files = array_filter($files, static fn(string $file): bool => is_file("$root/$file"));
  return $files ?: fail("$path holds no file, but a release needs it");
}

/** "file role" of everything, as the nested <dir> elements PEAR wants. */
function contents_xml(array $roles): string {
  $tree = [];
  foreach ($roles as $file => $role) {
    $place = &$tree;
    foreach (explode('/', dirname($file)) as $dir) {
      if ($dir !== '.') {
        $place = &$place["$dir/"];
      }
    }
    $place[basename($file)] = $role;
    unset($place);
  }
  return directory_xml($tree, 2);
}

function directory_xml(array $tree, int $depth): string {
  $indent = str_repeat(' ', $depth);
  ksort($tree);
  $xml = '';
  foreach ($tree as $name => $entry) {
    $xml .= is_array($entry)
      ? sprintf("%s<dir name=\"%s\">\n%s%s</dir>\n", $indent, rtrim($name, '/'), directory_xml($entry, $depth + 1), $indent)
      : sprintf("%s<file name=\"%s\" role=\"%s\"/>\n", $indent, htmlspecialchars($name, ENT_XML1), $entry);
  }
  return $xml;
}

/** [date, notes] of the version's entry in CHANGELOG.md. */
function changes_of(string $root, string $version): array {
  $pattern = '/^## \[' . preg_quote($version, '/') . '\] - (\d{4}-\d\d-\d\d)\n(.*?)(?=^## |\z)/ms';
  preg_match($pattern, file_get_contents("$root/CHANGELOG.md"), $match) || fail("CHANGELOG.md has no entry \"## [$version] - DATE\"");
  return [$match[1], trim($match[2])];
}

function sources_of(string $config): array {
  $config = preg_replace('/^ *dnl .*$/m', '', $config);
  preg_match_all('#\bsrc/[a-z0-9_]+/[a-z0-9_]+\.cpp\b#', $config, $match);
  $sources = $match[0] ?: fail('config.m4 names no sources');
  sort($sources);
  return $sources;
}

$roles = [];
foreach (CONTENTS as $path => $role) {
  foreach (files_of($root, $path) as $file) {
    $roles[$file] = $role;
  }
}
$version = trim(file_get_contents("$root/VERSION"));
[$date, $notes] = changes_of($root, $version);
$xml = strtr(file_get_contents("$root/dev.d/package.xml.in"), [
  '@VERSION@' => $version,
  '@DATE@' => $date,
  '@EMAIL@' => LEAD_EMAIL,
  '@NOTES@' => htmlspecialchars($notes, ENT_XML1),
  "@CONTENTS@\n" => contents_xml($roles),
]);
file_put_contents("$root/package.xml", $xml);

$w32 = file_get_contents("$root/config.w32");
foreach (['core', 'agent', 'extension'] as $room) {
  $names = array_map('basename', array_filter(
    sources_of(file_get_contents("$root/config.m4")),
    static fn(string $source): bool => str_starts_with($source, "src/$room/"),
  ));
  $list = wordwrap(implode(' ', $names), 90, " ' +\n    '");
  $w32 = preg_replace("#(var logystera_$room = ')[^;]*(';)#", '${1}' . $list . '${2}', $w32, 1, $count);
  $count === 1 || fail("config.w32 has no line \"var logystera_$room = '…';\"");
}
file_put_contents("$root/config.w32", $w32);
