<?php

/**
 * @file
 * Turns signals.json into the Drupal module's default configuration, the words it has for signals, and the table in its README.
 *
 * Usage: php dev.d/generate-drupal.php [--check]
 * With --check nothing is written: exit 1 if a committed file is not what signals.json gives.
 */

declare(strict_types=1);

$root = dirname(__DIR__);
const SETTINGS = 'drupal-module/config/install/logystera.settings.yml';
const README = 'drupal-module/README.md';
const WORDS = 'drupal-module/src/Signal/SignalWords.php';
// What is no signal; docs and schema: drupal-module/config/schema/logystera.schema.yml.
$other = ['batch_size' => '100', 'dispatch_mode' => 'cron', 'anonymize_ip' => 'false', 'buffer_share' => 'user', 'sent_mib' => '5', 'proxy' => "''", 'ca_bundle' => "''"];

$toggles = ['signals' => [], 'advanced_signals' => []];
foreach (json_decode(file_get_contents("$root/signals.json"), TRUE, 16, JSON_THROW_ON_ERROR)['signals'] as $signal) {
  if ($signal['config_key'] === NULL) {
    continue;
  }
  [$group, $key] = explode('.', $signal['config_key'], 2);
  if (!isset($toggles[$group]) || str_contains($key, '.')) {
    fwrite(STDERR, "signals.json: {$signal['type']}: config_key is signals.NAME or advanced_signals.NAME\n");
    exit(1);
  }
  if (($toggles[$group][$key] ?? $signal['default']) !== $signal['default']) {
    fwrite(STDERR, "signals.json: {$signal['type']}: another type with this config_key has another default\n");
    exit(1);
  }
  $toggles[$group][$key] = $signal['default'];
}

$yaml = "# Signals: generated from signals.json by `./dev generate`. Do not edit.\n";
foreach ($toggles as $group => $keys) {
  ksort($keys);
  $yaml .= "$group:\n";
  foreach ($keys as $key => $on) {
    $yaml .= "  $key: " . ($on ? 'true' : 'false') . "\n";
  }
}
foreach ($other as $key => $value) {
  $yaml .= "$key: $value\n";
}

$table = "| signal | | configuration key | default | cap per request |\n|---|---|---|---|---|\n";
foreach (json_decode(file_get_contents("$root/signals.json"), TRUE)['signals'] as $signal) {
  if ($signal['config_key'] !== NULL) {
    $table .= sprintf("| `%s` | %s | `%s` | %s | %d |\n", $signal['type'], $signal['name'], $signal['config_key'], $signal['default'] ? 'on' : 'off', $signal['cap']);
  }
}
$readme = preg_replace('/(<!-- signals -->\n).*?(?=<!-- end of signals -->)/s', '$1' . $table, file_get_contents("$root/" . README), -1, $count);
if ($count !== 1) {
  fwrite(STDERR, README . ": the marks around the table of signals are missing\n");
  exit(1);
}

// Literal strings, as translation wants them. The number that is counted is @count to formatPlural().
$literal = static fn(string $form, ?string $counted = NULL): string =>
  "'" . preg_replace('/\{(\w+)\}/', '@$1', addcslashes($counted === NULL ? $form : str_replace("{{$counted}}", '{count}', $form), "'\\")) . "'";
$names = $sentences = '';
foreach (json_decode(file_get_contents("$root/signals.json"), TRUE)['signals'] as $signal) {
  $names .= sprintf("      '%s' => \$this->t('%s'),\n", $signal['type'], $signal['name']);
  $sentence = $signal['sentence'];
  if (is_string($sentence)) {
    $sentences .= sprintf("      '%s' => \$this->t(%s, \$values),\n", $signal['type'], $literal($sentence));
  }
  elseif (isset($sentence['if'])) {
    $sentences .= sprintf("      '%s' => match (\$labels['%s'] ?? NULL) {\n", $signal['type'], $sentence['if']);
    $forms = ['TRUE' => 'yes', 'FALSE' => 'no', 'default' => 'unknown'];
    if ($sentence['no'] === $sentence['unknown']) {
      unset($forms['FALSE']);
    }
    foreach ($forms as $value => $form) {
      $sentences .= sprintf("        %s => \$this->t(%s, \$values),\n", $value, $literal($sentence[$form]));
    }
    $sentences .= "      },\n";
  }
  else {
    $sentences .= sprintf("      '%s' => \$this->formatPlural((int) (\$labels['%s'] ?? 0), %s, %s, \$values),\n",
      $signal['type'], $sentence['count'], $literal($sentence['one']), $literal($sentence['many'], $sentence['count']));
  }
}
$words = <<<PHP
<?php

// Generated from signals.json by `./dev generate`. Do not edit.

declare(strict_types=1);

namespace Drupal\\logystera\\Signal;

use Drupal\\Core\\StringTranslation\\StringTranslationTrait;
use Drupal\\Core\\StringTranslation\\TranslatableMarkup;

/**
 * What people call the signals of the catalogue, and what each says.
 */
final class SignalWords {

  use StringTranslationTrait;

  /**
   * The name of a type; NULL for one of another module.
   */
  public function name(string \$type): ?TranslatableMarkup {
    return match (\$type) {
{$names}      default => NULL,
    };
  }

  /**
   * What happened, in a sentence; NULL for a type of another module.
   *
   * @param string \$type
   *   The type.
   * @param array<string, string> \$values
   *   The value of each label as text, by its name behind an @.
   * @param array<string, mixed> \$labels
   *   The values as they were recorded: one of them may choose the sentence.
   */
  public function sentence(string \$type, array \$values, array \$labels): ?TranslatableMarkup {
    return match (\$type) {
{$sentences}      default => NULL,
    };
  }

}

PHP;

foreach ([SETTINGS => $yaml, README => $readme, WORDS => $words] as $file => $content) {
  if (!in_array('--check', $argv, TRUE)) {
    file_put_contents("$root/$file", $content);
  }
  elseif (@file_get_contents("$root/$file") !== $content) {
    fwrite(STDERR, "$file is not what signals.json gives: run ./dev generate\n");
    exit(1);
  }
}
