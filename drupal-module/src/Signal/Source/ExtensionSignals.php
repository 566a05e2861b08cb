<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;

/**
 * Modules and themes that come and go.
 */
final class ExtensionSignals {

  public function __construct(private readonly Actor $actor) {}

  /**
   * Core reports the modules of one operation together: one signal for each.
   */
  #[Signal('module.install', on: 'hook:modules_installed')]
  #[Signal('module.uninstall', on: 'hook:modules_uninstalled')]
  public function changed(array $modules, bool $is_syncing): \Generator {
    foreach ($modules as $module) {
      yield [
        'module' => $module,
        'is_syncing' => $is_syncing,
        'actor_uid' => $this->actor->current(),
      ];
    }
  }

  /**
   * Themes of one operation, one signal for each.
   */
  #[Signal('theme.install', on: 'hook:themes_installed')]
  #[Signal('theme.uninstall', on: 'hook:themes_uninstalled')]
  public function themes(array $themes): \Generator {
    foreach ($themes as $theme) {
      yield ['theme' => $theme, 'actor_uid' => $this->actor->current()];
    }
  }

}
