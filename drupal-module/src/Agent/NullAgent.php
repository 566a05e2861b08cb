<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

/**
 * Keeps nothing and says why, so that the site works without the extension.
 */
final class NullAgent implements AgentInterface {

  public function __construct(private readonly string $reason) {}

  /**
   * {@inheritdoc}
   */
  public function wants(string $type): bool {
    return FALSE;
  }

  /**
   * {@inheritdoc}
   */
  public function record(string $type, array $labels): bool {
    return FALSE;
  }

  /**
   * {@inheritdoc}
   */
  public function hashId(string $id): string {
    return '';
  }

  /**
   * {@inheritdoc}
   */
  public function commit(): void {}

  /**
   * {@inheritdoc}
   */
  public function problem(): string {
    return $this->reason;
  }

}
