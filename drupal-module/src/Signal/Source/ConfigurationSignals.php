<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\Core\Config\Config;
use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;
use Drupal\logystera\Signal\CategoryMapper;

/**
 * Changes of configuration: names only, never values.
 */
final class ConfigurationSignals {

  /**
   * The module's own configuration is not recorded here.
   */
  private const OWN_PREFIX = 'logystera.';

  private const VIEW_PREFIX = 'views.view.';

  public function __construct(private readonly Actor $actor) {}

  /**
   * A configuration object was created or updated.
   */
  #[Signal('config.save', on: 'event:config.save')]
  public function save(Config $config): ?array {
    return $this->change($config, self::saveType($config));
  }

  /**
   * A configuration object was deleted.
   */
  #[Signal('config.delete', on: 'event:config.delete')]
  public function delete(Config $config): ?array {
    return $this->change($config, 'delete');
  }

  /**
   * An import ended.
   */
  #[Signal('config.import', on: 'event:config.import')]
  public function import(): array {
    return ['actor_uid' => $this->actor->current(), 'change_type' => 'import'];
  }

  /**
   * The whole configuration was read for an export, by form or Drush.
   */
  #[Signal('config.export', on: 'event:config.export')]
  public function export(): array {
    return ['change_type' => 'export', 'actor_uid' => $this->actor->current()];
  }

  /**
   * A view was created or updated.
   */
  #[Signal('views.change', on: 'event:config.save')]
  public function viewSave(Config $config): ?array {
    return $this->viewChange($config, self::saveType($config));
  }

  /**
   * A view was deleted.
   */
  #[Signal('views.change', on: 'event:config.delete')]
  public function viewDelete(Config $config): ?array {
    return $this->viewChange($config, 'delete');
  }

  /**
   * The labels of config.save and config.delete.
   */
  private function change(Config $config, string $change_type): ?array {
    $name = $config->getName();
    if (str_starts_with($name, self::OWN_PREFIX)) {
      return NULL;
    }
    return [
      'config_name' => $name,
      'category' => CategoryMapper::categoryOf($name),
      'change_type' => $change_type,
      'actor_uid' => $this->actor->current(),
    ];
  }

  /**
   * The labels of views.change; NULL for anything but a view.
   */
  private function viewChange(Config $config, string $change_type): ?array {
    $name = $config->getName();
    if (!str_starts_with($name, self::VIEW_PREFIX)) {
      return NULL;
    }
    return [
      'config_name' => $name,
      'view_id' => substr($name, strlen(self::VIEW_PREFIX)),
      'change_type' => $change_type,
      'actor_uid' => $this->actor->current(),
    ];
  }

  /**
   * Whether a save created its object: isNew() is already FALSE by then.
   */
  private static function saveType(Config $config): string {
    return $config->getOriginal('', FALSE) ? 'update' : 'create';
  }

}
