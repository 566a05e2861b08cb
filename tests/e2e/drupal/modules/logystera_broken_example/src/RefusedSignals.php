<?php

declare(strict_types=1);

namespace Drupal\logystera_broken_example;

use Drupal\logystera\Attribute\Signal;

/**
 * Declarations that the extension refuses.
 */
final class RefusedSignals {

  /**
   * No label has such a type.
   */
  #[Signal('broken.label', on: 'event:kernel.terminate', labels: ['word' => 'password'])]
  public function label(): array {
    return ['word' => 'x'];
  }

  /**
   * No request may record so many.
   */
  #[Signal('broken.cap', on: 'event:kernel.terminate', labels: ['word' => 'string'], cap: 100000)]
  public function cap(): array {
    return ['word' => 'x'];
  }

  /**
   * The catalogue has this one.
   */
  #[Signal('auth.login', on: 'event:kernel.terminate', labels: ['password' => 'string'])]
  public function taken(): ?array {
    return NULL;
  }

}
