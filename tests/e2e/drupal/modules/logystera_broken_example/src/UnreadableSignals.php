<?php

declare(strict_types=1);

namespace Drupal\logystera_broken_example;

use Drupal\logystera\Attribute\Signal;

/**
 * An attribute with arguments that there are not.
 */
final class UnreadableSignals {

  /**
   * Never called.
   */
  #[Signal('broken.unreadable', since: 'yesterday')]
  public function unreadable(): array {
    return [];
  }

}
