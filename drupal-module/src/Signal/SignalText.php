<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Core\StringTranslation\StringTranslationTrait;

/**
 * A recorded signal in words, for the pages.
 *
 * What it gives is text, not markup: whoever shows it has it escaped.
 */
final class SignalText {

  use StringTranslationTrait;

  /**
   * How much of a value a sentence shows.
   */
  private const VALUE_CHARS = 120;

  /**
   * How much of the hash of an account tells it from others.
   */
  private const HASH_CHARS = 8;

  /**
   * Characters that cannot be seen, or that turn what follows round.
   */
  private const INVISIBLE = '/[\x00-\x1f\x7f\x{80}-\x{9f}\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2069}\x{feff}]/u';

  public function __construct(
    private readonly Catalogue $catalogue,
    private readonly SignalWords $words,
  ) {}

  /**
   * What people call a type: "Failed login".
   */
  public function name(string $type): string {
    return (string) ($this->words->name($type) ?? ucfirst(strtr($type, '._', '  ')));
  }

  /**
   * The name with the identifier behind it: "Failed login (auth.login_failed)".
   */
  public function nameAndType(string $type): string {
    return (string) $this->t('@name (@type)', ['@name' => $this->name($type), '@type' => $type]);
  }

  /**
   * What happened, in a sentence; of another module's signal, its labels.
   *
   * @param array $event
   *   The event, as it stands in the buffer.
   */
  public function sentence(array $event): string {
    $type = $event['event_type'];
    $values = [];
    foreach ($this->catalogue->all()[$type]['labels'] ?? [] as $label) {
      $values["@$label[name]"] = $this->value($label['type'], $event['labels'][$label['name']] ?? NULL);
    }
    $sentence = $this->words->sentence($type, $values, $event['labels']);
    if ($sentence === NULL) {
      return $this->labels($event['labels']);
    }
    // Its placeholders are escaped for a page, and whoever shows this text
    // escapes it once more.
    return html_entity_decode((string) $sentence, ENT_QUOTES | ENT_HTML5, 'UTF-8');
  }

  /**
   * Text of a stranger, its invisible characters made visible, and cut.
   */
  public static function visible(string $text, int $chars = self::VALUE_CHARS): string {
    return mb_strimwidth((string) preg_replace(self::INVISIBLE, "\u{FFFD}", $text), 0, $chars, '…', 'UTF-8');
  }

  /**
   * A label's value as a sentence shows it.
   */
  private function value(string $kind, mixed $value): string {
    return match (TRUE) {
      $kind === 'uid' => match (TRUE) {
        $value === '' => (string) $this->t('an anonymous user'),
        is_string($value) => (string) $this->t('account @hash', ['@hash' => substr(self::visible($value), 0, self::HASH_CHARS)]),
        default => (string) $this->t('an unknown account'),
      },
      is_bool($value) => (string) ($value ? $this->t('yes') : $this->t('no')),
      is_array($value) => $value ? self::visible(implode(', ', array_filter($value, is_scalar(...)))) : (string) $this->t('none'),
      is_string($value) && $value !== '', is_int($value), is_float($value) => self::visible((string) $value),
      default => '–',
    };
  }

  /**
   * Labels as they stand there, for signals nobody has a sentence for.
   */
  private function labels(array $labels): string {
    $parts = [];
    foreach ($labels as $name => $value) {
      $text = is_string($value) ? var_export($value, TRUE) : (string) json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
      $parts[] = "$name=" . self::visible($text);
    }
    return self::visible(implode(', ', $parts), 2 * self::VALUE_CHARS);
  }

}
