<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;
use Drupal\logystera\Signal\AvailableUpdates;
use Drupal\logystera\Signal\CodeIntegrity;

/**
 * What keeps the site running.
 */
final class HealthSignals {

  public function __construct(
    private readonly Actor $actor,
    private readonly AvailableUpdates $updates,
    private readonly CodeIntegrity $integrity,
  ) {}

  /**
   * Every cache was rebuilt: Drush, the Performance page, update.php or code.
   *
   * Hook_cache_flush() would also report the uninstallation of a module.
   */
  #[Signal('cache.flush', on: 'hook:rebuild')]
  public function cacheFlush(): array {
    return ['actor_uid' => $this->actor->current()];
  }

  /**
   * Cron ran, or was turned away because another run had not ended.
   */
  #[Signal('cron.run', on: 'service:cron.run')]
  public function cronRun(bool $success, float $seconds): array {
    return ['success' => $success, 'duration_ms' => (int) round($seconds * 1000)];
  }

  /**
   * Maintenance mode was switched, wherever that was done.
   */
  #[Signal('maintenance.changed', on: 'service:state.maintenance')]
  public function maintenance(bool $enabled): array {
    return ['enabled' => $enabled, 'actor_uid' => $this->actor->current()];
  }

  /**
   * Cron looks at what the Update module knows already: no request is made.
   */
  #[Signal('update.available', on: 'hook:cron')]
  public function updates(): \Generator {
    yield from $this->updates->unheard();
  }

  /**
   * Cron compares the code with what it was.
   */
  #[Signal('file.integrity_changed', on: 'hook:cron')]
  public function integrity(): \Generator {
    yield from $this->integrity->changes();
  }

}
