<?php

declare(strict_types=1);

namespace Drupal\logystera_broken_example;

use Drupal\logystera\Attribute\Signal;

/**
 * A mapper that fails.
 */
final class ThrowingSignals {

  /**
   * Fails at every request.
   */
  #[Signal('broken.throwing', on: 'event:kernel.terminate', labels: ['word' => 'string'])]
  public function throwing(): array {
    throw new \LogicException('planted-message of a mapper');
  }

}
