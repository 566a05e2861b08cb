<?php

/**
 * @file
 * What a terminal shows, as SVG: `php terminal-picture.php --title=COMMAND --columns=N < OUTPUT > PICTURE`.
 *
 * The input is text with the escapes the program writes for colours (SGR: bold, dim and the eight colours). Every line is stretched to
 * its columns, so that what lines up in a terminal does in a browser, whatever its font. The background is the picture's own: it
 * reads alike on light and dark pages.
 */

declare(strict_types=1);

const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 19;
const MARGIN = 16;
const BAR = 30;
const COLOURS = ['31' => '#ff7b72', '32' => '#7ee787', '33' => '#f2cc60', '34' => '#79c0ff', '35' => '#d2a8ff', '36' => '#76e3ea'];

$options = getopt('', ['title:', 'columns:']);
$columns = (int) ($options['columns'] ?? 80);
// A line that was written over, by a progress bar, is what it ended as.
$lines = array_map(fn(string $line): string => preg_replace('/^.*(\r|\x1b\[K)/s', '', rtrim($line, "\r")), explode("\n", rtrim((string) stream_get_contents(STDIN))));

/** Blanks are no-break ones: not every browser keeps several of the others. Bars are drawn, not written. */
function shown(string $text): string {
  return htmlspecialchars(preg_replace('/[ ▏▎▍▌▋▊▉█]/u', "\u{a0}", $text), ENT_XML1 | ENT_QUOTES, 'UTF-8');
}

/** The bars of a line, as rectangles: blocks of a line that stand together. */
function bars(string $plain, int $y): string {
  $drawn = '';
  preg_match_all('/[▏▎▍▌▋▊▉█]+/u', $plain, $found, PREG_OFFSET_CAPTURE);
  foreach ($found[0] as [$blocks, $at]) {
    $eighths = 0;
    foreach (preg_split('//u', $blocks, -1, PREG_SPLIT_NO_EMPTY) as $block) {
      $eighths += 1 + array_search($block, ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'], TRUE);
    }
    $drawn .= sprintf('<rect x="%.1f" y="%d" width="%.1f" height="%d"/>' . "\n", MARGIN + preg_match_all('/./us', substr($plain, 0, $at)) * CELL_WIDTH, $y - 12, $eighths * CELL_WIDTH / 8, LINE_HEIGHT - 3);
  }
  return $drawn;
}

/** A line's runs of one look: [class or colour, text]. */
function runs(string $line): array {
  $runs = [];
  $bold = $dim = FALSE;
  $colour = '';
  foreach (preg_split('/(\x1b\[[0-9;]*m)/', $line, -1, PREG_SPLIT_DELIM_CAPTURE | PREG_SPLIT_NO_EMPTY) as $part) {
    if (!str_starts_with($part, "\x1b[")) {
      $runs[] = [($bold ? ' font-weight="bold"' : '') . ($colour !== '' ? " fill=\"$colour\"" : ($dim ? ' fill="#8b949e"' : '')), $part];
      continue;
    }
    foreach (explode(';', substr($part, 2, -1)) as $code) {
      if ($code === '' || $code === '0') {
        $bold = $dim = FALSE;
        $colour = '';
      }
      $bold = $bold || $code === '1';
      $dim = $dim || $code === '2';
      $colour = COLOURS[$code] ?? $colour;
    }
  }
  return $runs;
}

$width = (int) ceil($columns * CELL_WIDTH + 2 * MARGIN);
$height = BAR + count($lines) * LINE_HEIGHT + 2 * MARGIN;
$title = shown("$ {$options['title']}");
echo "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"$width\" height=\"$height\" viewBox=\"0 0 $width $height\" role=\"img\" aria-label=\"$title\">\n";
echo "<rect width=\"$width\" height=\"$height\" rx=\"8\" fill=\"#0d1117\" stroke=\"#30363d\"/>\n";
echo '<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,\'DejaVu Sans Mono\',monospace" font-size="14" fill="#e6edf3">', "\n";
printf("<text x=\"%d\" y=\"%d\" fill=\"#7ee787\">%s</text>\n", MARGIN, BAR, $title);
foreach ($lines as $number => $line) {
  $plain = preg_replace('/\x1b\[[0-9;]*m/', '', $line);
  $length = preg_match_all('/./us', $plain);
  if (trim($plain) === '') {
    continue;
  }
  $y = BAR + MARGIN + ($number + 1) * LINE_HEIGHT - 5;
  echo bars($plain, $y);
  $indent = strlen($plain) - strlen(ltrim($plain));
  $text = '';
  $skip = $indent;
  foreach (runs($line) as [$look, $part]) {
    // Blanks in front are left to x.
    $blank = min($skip, strlen($part) - strlen(ltrim($part)));
    $part = substr($part, $blank);
    $skip -= $blank;
    $text .= $part === '' ? '' : ($look === '' ? shown($part) : "<tspan$look>" . shown($part) . '</tspan>');
  }
  printf("<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\" lengthAdjust=\"spacingAndGlyphs\">%s</text>\n", MARGIN + $indent * CELL_WIDTH, $y, ($length - $indent) * CELL_WIDTH, $text);
}
echo "</g>\n</svg>\n";
