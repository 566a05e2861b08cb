<?php

/**
 * @file
 * Turns signals.json into src/core/catalogue_table.hpp, and refuses a catalogue that is wrong.
 *
 * Usage: php dev.d/generate-catalogue.php [--check]
 * With --check nothing is written: exit 1 if the committed header is not what signals.json gives.
 */

declare(strict_types=1);

const KINDS = ['string', 'integer', 'number', 'boolean', 'list', 'uid', 'path', 'ip', 'message', 'sql'];
const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'];
const PRIVACY = ['none', 'pseudonym', 'personal'];

$root = dirname(__DIR__);
$source = "$root/signals.json";
$target = "$root/src/core/catalogue_table.hpp";

function fail(string $message): never {
  fwrite(STDERR, "signals.json: $message\n");
  exit(1);
}

function cpp(string $text): string {
  return '"' . addcslashes($text, "\"\\") . '"';
}

try {
  $catalogue = json_decode(file_get_contents($source), TRUE, 16, JSON_THROW_ON_ERROR);
}
catch (JsonException $e) {
  fail('not JSON: ' . $e->getMessage());
}

$labels = $entries = $types = $names = [];
foreach ($catalogue['signals'] as $index => $signal) {
  $type = $signal['type'] ?? fail("entry $index has no type");
  if (!preg_match('/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/', $type) || strlen($type) > 64) {
    fail("$type: a type is group.name in lower case, at most 64 bytes");
  }
  if (in_array($type, $types, TRUE)) {
    fail("$type stands there twice");
  }
  $types[] = $type;
  if (!in_array($signal['severity'], SEVERITIES, TRUE)) {
    fail("$type: severity is one of " . implode(', ', SEVERITIES));
  }
  if (!preg_match('/^[A-Z][A-Za-z -]{2,39}$/', $signal['name'] ?? '') || in_array($signal['name'], $names, TRUE)) {
    fail("$type: name is what people call it, 3 to 40 letters, no other type's");
  }
  $names[] = $signal['name'];
  // One sentence, or one for each value of a boolean ("if": yes, no, unknown) or for one and many of a number ("count").
  $sentence = $signal['sentence'] ?? '';
  $kinds = array_column($signal['labels'], 'type', 'name');
  $forms = is_string($sentence) ? [$sentence] : match (array_keys($sentence)) {
    ['if', 'yes', 'no', 'unknown'] => ($kinds[$sentence['if']] ?? '') === 'boolean' ? array_slice($sentence, 1) : [''],
    ['count', 'one', 'many'] => ($kinds[$sentence['count']] ?? '') === 'integer' ? array_slice($sentence, 1) : [''],
    default => [''],
  };
  foreach ($forms as $form) {
    preg_match_all('/\{(\w+)\}/', $form, $placeholders);
    if ($form === '' || strlen($form) > 200 || array_diff($placeholders[1], array_keys($kinds))) {
      fail("$type: sentence says what happened, with labels of the type in braces");
    }
  }
  if ($signal['cap'] < 0 || $signal['cap'] > 200) {
    fail("$type: cap is 0 to 200");
  }
  if (count($signal['labels']) > 24) {
    fail("$type: at most 24 labels");
  }
  $variable = 'k' . str_replace(' ', '', ucwords(strtr($type, '._', '  '))) . 'Labels';
  $rows = '';
  foreach ($signal['labels'] as $label) {
    if (!preg_match('/^[a-z][a-z0-9_]{0,63}$/', $label['name'])) {
      fail("$type: label name {$label['name']} is not lower_snake_case");
    }
    if (!in_array($label['type'], KINDS, TRUE)) {
      fail("$type: label {$label['name']} has an unknown type {$label['type']}");
    }
    if (!in_array($label['privacy'], PRIVACY, TRUE)) {
      fail("$type: label {$label['name']} has an unknown privacy class {$label['privacy']}");
    }
    $rows .= sprintf("    {%s, LabelKind::%s, %d, %s, %s},\n", cpp($label['name']), $label['type'],
      $label['max_chars'] ?? 0, cpp($label['description']), cpp($label['privacy']));
  }
  $labels[] = "inline constexpr LabelSpec {$variable}[] = {\n$rows};\n";
  $entries[] = sprintf("    {%s, %s, %s, %s, %d, %s,\n     %s, %s, %s, %d, %s},\n", cpp($type), cpp($signal['group']),
    cpp($signal['config_key'] ?? ''), $signal['default'] ? 'true' : 'false', $signal['cap'], cpp($signal['severity']),
    cpp($signal['name']), cpp($signal['summary']), $variable, count($signal['labels']), $signal['documented'] ? 'true' : 'false');
}
if (count($types) > 255) {
  fail('more than 255 types');
}
$order = array_keys($types);
usort($order, fn(int $a, int $b): int => strcmp($types[$a], $types[$b]));

$header = "// Generated from signals.json by `./dev generate`. Do not edit.\n"
  . "// clang-format off\n#pragma once\n\n#include \"core/catalogue.hpp\"\n\nnamespace logystera::catalogue::table {\n\n"
  . implode("\n", $labels)
  . "\ninline constexpr SignalSpec kSignals[] = {\n" . implode('', $entries) . "};\n"
  . "\n// Places in kSignals, sorted by type.\ninline constexpr std::uint8_t kByType[] = {"
  . implode(', ', $order) . "};\n\n}  // namespace logystera::catalogue::table\n";

if (in_array('--check', $argv, TRUE)) {
  if (@file_get_contents($target) !== $header) {
    fwrite(STDERR, "src/core/catalogue_table.hpp is not what signals.json gives: run ./dev generate\n");
    exit(1);
  }
  exit(0);
}
file_put_contents($target, $header);
