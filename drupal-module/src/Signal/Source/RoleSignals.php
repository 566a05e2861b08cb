<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\Core\Config\Config;
use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;

/**
 * What roles may do.
 */
final class RoleSignals {

  private const PREFIX = 'user.role.';

  public function __construct(private readonly Actor $actor) {}

  /**
   * A role was created, or its permissions changed.
   */
  #[Signal('role.permissions_changed', on: 'event:config.save')]
  public function saved(Config $config): ?array {
    $created = !$config->getOriginal('', FALSE);
    return $this->change($config, $created ? 'create' : 'update', $config->getOriginal('permissions', FALSE) ?: [], $config->get('permissions') ?: []);
  }

  /**
   * A role was deleted.
   */
  #[Signal('role.permissions_changed', on: 'event:config.delete')]
  public function deleted(Config $config): ?array {
    return $this->change($config, 'delete', $config->getOriginal('permissions', FALSE) ?: [], []);
  }

  /**
   * The labels; NULL for anything but a role, and when nothing changed.
   */
  private function change(Config $config, string $change_type, array $before, array $after): ?array {
    $name = $config->getName();
    if (!str_starts_with($name, self::PREFIX) || ($change_type === 'update' && !array_diff($before, $after) && !array_diff($after, $before))) {
      return NULL;
    }
    return [
      'role' => substr($name, strlen(self::PREFIX)),
      'change_type' => $change_type,
      'permissions_added' => array_values(array_diff($after, $before)),
      'permissions_removed' => array_values(array_diff($before, $after)),
      'actor_uid' => $this->actor->current(),
    ];
  }

}
