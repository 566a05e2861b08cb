<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Core\Logger\RfcLoggerTrait;
use Psr\Log\LoggerInterface;

/**
 * Sees what Drupal's error handlers write to the log; writes nothing itself.
 */
final class LogObserver implements LoggerInterface {

  use RfcLoggerTrait;

  /**
   * Constructs the observer.
   *
   * @param \Closure $router
   *   Gives the router, which itself logs.
   */
  public function __construct(private readonly \Closure $router) {}

  /**
   * {@inheritdoc}
   */
  public function log($level, string|\Stringable $message, array $context = []): void {
    if (($context['channel'] ?? '') === 'php') {
      ($this->router)()->on('service:logger.log', (int) $level, $context);
    }
  }

}
