<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;

/**
 * What keeps the site running.
 */
final class HealthSignals {

  public function __construct(private readonly Actor $actor) {}

  /**
   * Every cache was rebuilt: Drush, the Performance page, update.php or code.
   *
   * Hook_cache_flush() would also report the uninstallation of a module.
   */
  #[Signal('cache.flush', on: 'hook:rebuild')]
  public function cacheFlush(): array {
    return ['actor_uid' => $this->actor->current()];
  }

}
