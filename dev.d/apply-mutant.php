<?php

/**
 * @file
 * Applies one mutant to a tree.
 *
 * Usage: php apply-mutant.php MUTANT TREE
 * A mutant has lines "about: …", "file: …", "find: …", "replace: …" (find and replace may be repeated: further edits of the
 * same file) and "killed by: …". Text that is not found exactly once is an error: the code has moved on, and so must the mutant.
 */

declare(strict_types=1);

[, $mutantFile, $tree] = $argv;
$file = null;
$edits = [];
foreach (file($mutantFile, FILE_IGNORE_NEW_LINES) as $line) {
  [$key, $value] = explode(': ', $line, 2) + [1 => ''];
  match ($key) {
    'file' => $file = "$tree/$value",
    'find' => $edits[] = [$value, ''],
    'replace' => $edits[array_key_last($edits)][1] = $value,
    default => null,
  };
}
$code = file_get_contents($file);
foreach ($edits as [$find, $replace]) {
  $count = substr_count($code, $find);
  if ($count !== 1) {
    fwrite(STDERR, basename($mutantFile) . ": \"$find\" stands $count times in $file\n");
    exit(2);
  }
  $code = str_replace($find, $replace, $code);
}
file_put_contents($file, $code);
