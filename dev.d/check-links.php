<?php

/**
 * @file
 * Checks the relative links of Markdown documents: each names a file there is, and behind a # a heading of it.
 *
 * Usage: php dev.d/check-links.php ROOT FILE...
 * One line for each link that leads nowhere; exit 1 if there is one. Links to other servers are not followed.
 */

declare(strict_types=1);

/**
 * The lines of a document outside of fenced blocks, by their number.
 */
function prose(string $file): array {
  $lines = [];
  $fence = '';
  foreach (file($file, FILE_IGNORE_NEW_LINES) as $number => $line) {
    if (preg_match('/^ {0,3}(```+|~~~+)/', $line, $mark)) {
      $fence = $fence === '' ? $mark[1] : (str_starts_with($mark[1], $fence) ? '' : $fence);
    }
    elseif ($fence === '') {
      $lines[$number + 1] = $line;
    }
  }
  return $lines;
}

/**
 * What links may have behind a #: headings as GitHub names them (lower case, no punctuation, blanks as hyphens), and ids of HTML.
 */
function anchors(string $file): array {
  static $known = [];
  if (isset($known[$file])) {
    return $known[$file];
  }
  $anchors = $times = [];
  foreach (prose($file) as $line) {
    if (preg_match('/^ {0,3}#{1,6}\s+(.*?)(\s+#+)?\s*$/', $line, $heading)) {
      $text = preg_replace('/!?\[([^\]]*)\]\([^)]*\)/', '$1', $heading[1]);
      $name = str_replace(' ', '-', preg_replace('/[^\p{L}\p{M}\p{N}_\- ]/u', '', mb_strtolower($text)));
      $again = $times[$name] = ($times[$name] ?? -1) + 1;
      $anchors[$again ? "$name-$again" : $name] = TRUE;
    }
    preg_match_all('/<[a-z]+ [^>]*\b(?:id|name)="([^"]+)"/', $line, $ids);
    $anchors += array_fill_keys($ids[1], TRUE);
  }
  return $known[$file] = $anchors;
}

[, $root] = $argv;
$bad = 0;
foreach (array_slice($argv, 2) as $document) {
  foreach (prose("$root/$document") as $number => $line) {
    $line = preg_replace('/(`+)(?!`).*?(?<!`)\1(?!`)/', '', $line);
    preg_match_all('/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^ {0,3}\[[^\]]+\]:\s+<?(\S+?)>?\s*$/', $line, $links, PREG_SET_ORDER);
    foreach ($links as $link) {
      $target = $link[2] ?? $link[1];
      if (preg_match('~^([a-z][a-z0-9+.-]*:|//)~i', $target)) {
        continue;
      }
      [$path, $anchor] = explode('#', $target, 2) + [1 => ''];
      $file = $path === '' ? "$root/$document" : dirname("$root/$document") . '/' . rawurldecode($path);
      $why = match (TRUE) {
        !file_exists($file) => 'there is no such file',
        $anchor !== '' && str_ends_with($file, '.md') && !isset(anchors((string) realpath($file))[rawurldecode($anchor)]) => 'there is no such heading',
        default => NULL,
      };
      if ($why !== NULL) {
        echo "$document:$number: $target: $why\n";
        $bad = 1;
      }
    }
  }
}
exit($bad);
