<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\Core\Entity\EntityInterface;
use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;
use Drupal\user\UserInterface;

/**
 * What happens to accounts.
 */
final class UserSignals {

  public function __construct(private readonly Actor $actor) {}

  /**
   * An account was created.
   */
  #[Signal('user.created', on: 'hook:user_insert')]
  public function created(UserInterface $account): array {
    return [
      'uid' => $this->actor->hash($account->id()),
      'roles' => array_values($account->getRoles()),
      'actor_uid' => $this->actor->current(),
    ];
  }

  /**
   * An account was saved: only recorded when its roles differ.
   */
  #[Signal('user.role_changed', on: 'hook:user_update')]
  public function roleChanged(UserInterface $account): ?array {
    $original = self::original($account);
    if (!$original instanceof UserInterface) {
      return NULL;
    }
    $before = array_values($original->getRoles());
    $after = array_values($account->getRoles());
    $added = array_values(array_diff($after, $before));
    $removed = array_values(array_diff($before, $after));
    if (!$added && !$removed) {
      return NULL;
    }
    return [
      'uid' => $this->actor->hash($account->id()),
      'roles_before' => $before,
      'roles_after' => $after,
      'roles_added' => $added,
      'roles_removed' => $removed,
      'actor_uid' => $this->actor->current(),
    ];
  }

  /**
   * An account was saved: only recorded when it was active before.
   */
  #[Signal('user.blocked', on: 'hook:user_update')]
  public function blocked(UserInterface $account): ?array {
    $original = self::original($account);
    if (!$original instanceof UserInterface || !$original->isActive() || $account->isActive()) {
      return NULL;
    }
    return ['uid' => $this->actor->hash($account->id()), 'actor_uid' => $this->actor->current()];
  }

  /**
   * An account was saved: only recorded when it was blocked before.
   */
  #[Signal('user.unblocked', on: 'hook:user_update')]
  public function unblocked(UserInterface $account): ?array {
    $original = self::original($account);
    if (!$original instanceof UserInterface || $original->isActive() || !$account->isActive()) {
      return NULL;
    }
    return ['uid' => $this->actor->hash($account->id()), 'actor_uid' => $this->actor->current()];
  }

  /**
   * An account was deleted.
   */
  #[Signal('user.deleted', on: 'hook:user_delete')]
  public function deleted(UserInterface $account): array {
    return ['uid' => $this->actor->hash($account->id()), 'actor_uid' => $this->actor->current()];
  }

  /**
   * The account as it was; Drupal 11.2 gave the property a method.
   */
  private static function original(EntityInterface $entity): ?EntityInterface {
    return method_exists($entity, 'getOriginal') ? $entity->getOriginal() : ($entity->original ?? NULL);
  }

}
