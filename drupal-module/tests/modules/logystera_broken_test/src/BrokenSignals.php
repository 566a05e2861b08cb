<?php

declare(strict_types=1);

namespace Drupal\logystera_broken_test;

use Drupal\logystera\Attribute\Signal;

/**
 * Mappers that go wrong, each in a way of its own.
 */
final class BrokenSignals {

  /**
   * What every message contains: nothing of it may be kept or shown.
   */
  public const PLANTED = 'planted-in-an-exception';

  /**
   * Throws an exception.
   */
  #[Signal('user.created', on: 'hook:user_insert')]
  #[Signal('http.request', on: 'event:kernel.terminate')]
  public function throws(): array {
    throw new \LogicException(self::PLANTED);
  }

  /**
   * Breaks a promise of its own: an error, not an exception.
   */
  #[Signal('user.deleted', on: 'hook:user_delete')]
  public function returnsNonsense(): array {
    $labels = self::PLANTED;
    // @phpstan-ignore return.type
    return $labels;
  }

  /**
   * Does not take what it is given.
   */
  #[Signal('auth.login', on: 'hook:user_login')]
  public function takesSomethingElse(int $number): array {
    return ['uid' => $number];
  }

  /**
   * Throws when it has yielded something already.
   */
  #[Signal('module.install', on: 'hook:modules_installed')]
  public function throwsInBetween(): \Generator {
    yield ['module' => 'yielded_before', 'is_syncing' => FALSE, 'actor_uid' => ''];
    throw new \RuntimeException(self::PLANTED);
  }

}
