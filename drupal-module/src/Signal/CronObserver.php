<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Core\CronInterface;

/**
 * Sees cron runs, whoever starts them, and how long they take.
 */
final class CronObserver implements CronInterface {

  public function __construct(
    private readonly CronInterface $inner,
    private readonly Router $router,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function run() {
    $start = microtime(TRUE);
    $success = FALSE;
    try {
      return $success = $this->inner->run();
    }
    finally {
      $this->router->on('service:cron.run', (bool) $success, microtime(TRUE) - $start);
    }
  }

}
