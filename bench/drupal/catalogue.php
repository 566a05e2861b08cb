<?php

/**
 * @file
 * Prints the catalogue as PHP code for the plain PHP agent: `php catalogue.php signals.json`.
 */

declare(strict_types=1);

$catalogue = [];
foreach (json_decode(file_get_contents($argv[1]), TRUE, flags: JSON_THROW_ON_ERROR)['signals'] as $signal) {
  $labels = [];
  foreach ($signal['labels'] as $label) {
    $labels[$label['name']] = [$label['type'], $label['max_chars'] ?? 255];
  }
  $catalogue[$signal['type']] = [
    'config_key' => explode('.', $signal['config_key'] ?? '.'),
    'default' => $signal['default'],
    'cap' => $signal['cap'],
    'labels' => $labels,
  ];
}
echo "<?php\n\nreturn ", var_export($catalogue, TRUE), ";\n";
