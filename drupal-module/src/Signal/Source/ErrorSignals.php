<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\Core\Logger\RfcLogLevel;
use Drupal\logystera\Attribute\Signal;

/**
 * What Drupal's error and exception handlers write to the log channel "php".
 *
 * Fatal errors and failures of the database come from the extension. What a
 * message says is stripped of values by the agent.
 */
final class ErrorSignals {

  /**
   * The channel of both handlers.
   */
  private const CHANNEL = 'php';

  /**
   * Places that were told in this request already: "file:line".
   *
   * @var array<string, true>
   */
  private array $told = [];

  public function __construct(private readonly string $appRoot) {}

  /**
   * A warning or notice; deprecations are for developers and left out.
   */
  #[Signal('php.warning', on: 'service:logger.log')]
  public function warning(int $level, array $context): ?array {
    if (($context['channel'] ?? '') !== self::CHANNEL || isset($context['exception']) || !isset($context['%file'], $context['%line'])
      || $level >= RfcLogLevel::DEBUG) {
      return NULL;
    }
    $place = $context['%file'] . ':' . $context['%line'];
    if (isset($this->told[$place])) {
      return NULL;
    }
    $this->told[$place] = TRUE;
    return [
      'level' => (string) ($context['%type'] ?? ''),
      'file' => $this->relative((string) $context['%file']),
      'line' => (int) $context['%line'],
      'function' => (string) ($context['%function'] ?? ''),
      'message' => self::plain($context['@message'] ?? ''),
    ];
  }

  /**
   * An exception, caught by the kernel or by a module that logs it.
   */
  #[Signal('php.exception', on: 'service:logger.log')]
  public function exception(int $level, array $context): ?array {
    $exception = $context['exception'] ?? NULL;
    if (($context['channel'] ?? '') !== self::CHANNEL || !$exception instanceof \Throwable) {
      return NULL;
    }
    return [
      // Not ::class, which has the absolute path of an anonymous class in it.
      'class' => get_debug_type($exception),
      'file' => $this->relative($exception->getFile()),
      'line' => $exception->getLine(),
      'message' => $exception->getMessage(),
    ];
  }

  /**
   * A file as seen from Drupal's root.
   */
  private function relative(string $file): string {
    foreach ([$this->appRoot . '/', dirname($this->appRoot) . '/'] as $start) {
      if (str_starts_with($file, $start)) {
        return substr($file, strlen($start));
      }
    }
    return basename($file);
  }

  /**
   * The message of an error, which Drupal has escaped for HTML.
   */
  private static function plain(string|\Stringable $message): string {
    return html_entity_decode(strip_tags((string) $message), ENT_QUOTES | ENT_HTML5);
  }

}
