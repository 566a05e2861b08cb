<?php

declare(strict_types=1);

namespace Drupal\logystera\Hook;

use Drupal\Core\Entity\EntityInterface;
use Drupal\Core\Hook\Attribute\Hook;
use Drupal\Core\Session\AccountInterface;
use Drupal\logystera\Signal\Router;
use Drupal\user\UserInterface;

/**
 * Brings core's hooks to the signal router.
 */
final class SignalHooks {

  public function __construct(private readonly Router $router) {}

  /**
   * Implements hook_user_login().
   */
  #[Hook('user_login')]
  public function userLogin(UserInterface $account): void {
    $this->router->on('hook:user_login', $account);
  }

  /**
   * Implements hook_user_logout().
   */
  #[Hook('user_logout')]
  public function userLogout(AccountInterface $account): void {
    $this->router->on('hook:user_logout', $account);
  }

  /**
   * Implements hook_ENTITY_TYPE_insert().
   */
  #[Hook('user_insert')]
  public function userInsert(UserInterface $account): void {
    $this->router->on('hook:user_insert', $account);
  }

  /**
   * Implements hook_ENTITY_TYPE_update().
   */
  #[Hook('user_update')]
  public function userUpdate(UserInterface $account): void {
    $this->router->on('hook:user_update', $account);
  }

  /**
   * Implements hook_ENTITY_TYPE_delete().
   */
  #[Hook('user_delete')]
  public function userDelete(UserInterface $account): void {
    $this->router->on('hook:user_delete', $account);
  }

  /**
   * Implements hook_entity_presave().
   */
  #[Hook('entity_presave')]
  public function entityPresave(EntityInterface $entity): void {
    $this->router->on('hook:entity_presave', $entity);
  }

  /**
   * Implements hook_entity_insert().
   */
  #[Hook('entity_insert')]
  public function entityInsert(EntityInterface $entity): void {
    $this->router->on('hook:entity_insert', $entity);
  }

  /**
   * Implements hook_entity_update().
   */
  #[Hook('entity_update')]
  public function entityUpdate(EntityInterface $entity): void {
    $this->router->on('hook:entity_update', $entity);
  }

  /**
   * Implements hook_entity_delete().
   */
  #[Hook('entity_delete')]
  public function entityDelete(EntityInterface $entity): void {
    $this->router->on('hook:entity_delete', $entity);
  }

  /**
   * Implements hook_themes_installed().
   */
  #[Hook('themes_installed')]
  public function themesInstalled(array $themes): void {
    $this->router->on('hook:themes_installed', $themes);
  }

  /**
   * Implements hook_themes_uninstalled().
   */
  #[Hook('themes_uninstalled')]
  public function themesUninstalled(array $themes): void {
    $this->router->on('hook:themes_uninstalled', $themes);
  }

  /**
   * Implements hook_modules_installed().
   */
  #[Hook('modules_installed')]
  public function modulesInstalled(array $modules, bool $is_syncing): void {
    $this->router->on('hook:modules_installed', $modules, $is_syncing);
  }

  /**
   * Implements hook_modules_uninstalled().
   */
  #[Hook('modules_uninstalled')]
  public function modulesUninstalled(array $modules, bool $is_syncing): void {
    $this->router->on('hook:modules_uninstalled', $modules, $is_syncing);
  }

  /**
   * Implements hook_rebuild().
   */
  #[Hook('rebuild')]
  public function rebuild(): void {
    $this->router->forgetErrors();
    $this->router->on('hook:rebuild');
  }

}
