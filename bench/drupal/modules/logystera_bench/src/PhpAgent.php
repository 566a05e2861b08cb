<?php

declare(strict_types=1);

namespace Drupal\logystera_bench;

use Drupal\logystera\Agent\AgentInterface;

/**
 * What the extension does in a request, written in PHP as a module would.
 *
 * It knows the same catalogue, caps and kinds of labels, and appends each event
 * by itself under an exclusive lock, after a look at the file's size. It seals
 * no segment, heals no torn line, and trusts the directory it is given: work
 * the extension does besides.
 */
final class PhpAgent implements AgentInterface {

  private const EVENTS_MAX = 200;

  private const SEGMENT_BYTES = 5242880;

  /**
   * The types that are switched on.
   *
   * @var array<string, true>
   */
  private array $enabled = [];

  /**
   * Type => how many were recorded in this request.
   *
   * @var array<string, int>
   */
  private array $counts = [];

  /**
   * Type => its cap, labels and configuration key.
   */
  private readonly array $catalogue;

  public function __construct(
    private readonly string $directory,
    array $toggles,
    private readonly string $key,
  ) {
    // A constant array: kept in shared memory by OPcache.
    $this->catalogue = require __DIR__ . '/../catalogue.php';
    foreach ($this->catalogue as $type => $signal) {
      [$group, $name] = $signal['config_key'];
      if ($toggles[$group][$name] ?? $signal['default']) {
        $this->enabled[$type] = TRUE;
      }
    }
    if (!is_dir($directory)) {
      mkdir($directory, 0700, TRUE);
    }
  }

  /**
   * {@inheritdoc}
   */
  public function wants(string $type): bool {
    return isset($this->enabled[$type]) && ($this->counts[$type] ?? 0) < $this->catalogue[$type]['cap'];
  }

  /**
   * {@inheritdoc}
   */
  public function record(string $type, array $labels): bool {
    if (!$this->wants($type) || array_sum($this->counts) >= self::EVENTS_MAX) {
      return FALSE;
    }
    $this->counts[$type] = ($this->counts[$type] ?? 0) + 1;
    $kept = [];
    foreach ($this->catalogue[$type]['labels'] as $name => [$kind, $max]) {
      if (isset($labels[$name])) {
        $kept[$name] = $this->label($kind, $max, $labels[$name]);
      }
    }
    $now = time();
    $line = json_encode([
      'event_type' => $type,
      'created_at' => $now,
      'timestamp' => $now,
      'event_id' => self::uuid(),
      'labels' => $kept,
    ], JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE) . "\n";
    $file = $this->directory . '/buffer-current.jsonl';
    clearstatcache();
    if (is_file($file) && filesize($file) + strlen($line) > self::SEGMENT_BYTES) {
      rename($file, $file . '.' . self::uuid());
    }
    return file_put_contents($file, $line, FILE_APPEND | LOCK_EX) === strlen($line);
  }

  /**
   * {@inheritdoc}
   */
  public function hashId(string $id): string {
    return hash_hmac('sha256', $id, $this->key);
  }

  /**
   * {@inheritdoc}
   */
  public function commit(): void {}

  /**
   * {@inheritdoc}
   */
  public function problem(): ?string {
    return NULL;
  }

  /**
   * One value as its kind wants it.
   */
  private function label(string $kind, int $max, mixed $value): mixed {
    return match ($kind) {
      'integer' => (int) $value,
      'boolean' => (bool) $value,
      'ip' => filter_var($value, FILTER_VALIDATE_IP) ?: '',
      'uid' => preg_match('/^[0-9a-f]{64}$/', $value) ? $value : '',
      'path' => mb_substr(preg_replace_callback('~/user/(\d+)~', fn($match) => '/user/' . $this->hashId($match[1]), strtok($value, '?')), 0, $max),
      default => is_string($value) ? mb_substr($value, 0, $max) : $value,
    };
  }

  /**
   * A version 4 UUID.
   */
  private static function uuid(): string {
    $bytes = random_bytes(16);
    $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
    $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
  }

}
