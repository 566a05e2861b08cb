<?php

declare(strict_types=1);

namespace Drupal\logystera_bench;

use Drupal\logystera\Agent\AgentInterface;

/**
 * Is asked for everything and does nothing: the least any agent costs.
 *
 * What is left is loading its class and the calls themselves.
 */
final class IdleAgent implements AgentInterface {

  /**
   * {@inheritdoc}
   */
  public function wants(string $type): bool {
    return TRUE;
  }

  /**
   * {@inheritdoc}
   */
  public function record(string $type, array $labels): bool {
    return TRUE;
  }

  /**
   * {@inheritdoc}
   */
  public function hashId(string $id): string {
    return $id;
  }

  /**
   * {@inheritdoc}
   */
  public function commit(): void {}

  /**
   * {@inheritdoc}
   */
  public function problem(): ?string {
    return NULL;
  }

}
