<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\Core\Config\Config;
use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;

/**
 * Changes of the recording itself: who switches off an alarm is worth knowing.
 */
final class AgentSignals {

  public function __construct(private readonly Actor $actor) {}

  /**
   * The connection changed, or the module is being uninstalled.
   */
  #[Signal('agent.changed', on: 'module:changed')]
  public function changed(string $change_type): array {
    return ['change_type' => $change_type, 'actor_uid' => $this->actor->current()];
  }

  /**
   * The settings changed; their installation is no change.
   */
  #[Signal('agent.changed', on: 'event:config.save')]
  public function settings(Config $config): ?array {
    if ($config->getName() !== 'logystera.settings') {
      return NULL;
    }
    $before = $config->getOriginal('', FALSE);
    return $before && $before != $config->getRawData() ? $this->changed('settings') : NULL;
  }

}
