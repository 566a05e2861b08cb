<?php

/**
 * @file
 * Turns signals.json into docs/signals.md: every type with its labels, as a reader looks it up.
 *
 * Usage: php dev.d/generate-docs.php
 */

declare(strict_types=1);

$root = dirname(__DIR__);
$catalogue = json_decode(file_get_contents("$root/signals.json"), TRUE, 16, JSON_THROW_ON_ERROR);

$cell = static fn(string $text): string => str_replace('|', '\|', $text);
$groups = [];
foreach ($catalogue['signals'] as $signal) {
  $groups[$signal['group']][] = $signal;
}

$out = "# Signals\n\n"
  . "Generated from `signals.json` by `./dev generate`. " . count($catalogue['signals']) . " types. "
  . "*Cap*: events of the type in one request. *Default*: recorded unless switched off.\n\n"
  . "Privacy of a label: **none** says nothing about a person, **pseudonym** is a keyed hash that only the site can compute, "
  . "**personal** is personal data as it was seen.\n";
foreach ($groups as $group => $signals) {
  $out .= "\n## " . ucfirst(strtr($group, '_', ' ')) . "\n";
  foreach ($signals as $signal) {
    $out .= "\n### `{$signal['type']}`\n\n**{$signal['name']}.** {$signal['summary']}\n\n"
      . "Severity {$signal['severity']} · cap {$signal['cap']} · default " . ($signal['default'] ? 'on' : 'off')
      . (($signal['config_key'] ?? '') === '' ? '' : " · switch `{$signal['config_key']}`") . "\n\n"
      . "| label | type | privacy | meaning |\n|---|---|---|---|\n";
    foreach ($signal['labels'] as $label) {
      $type = $label['type'] . (isset($label['max_chars']) ? ", at most {$label['max_chars']} characters" : '');
      $out .= "| `{$label['name']}` | $type | {$label['privacy']} | {$cell($label['description'])} |\n";
    }
  }
}
file_put_contents("$root/docs/signals.md", $out);
