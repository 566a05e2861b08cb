<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

/**
 * What keeps signals: the extension, or nothing when it cannot be used.
 */
interface AgentInterface {

  /**
   * Whether a signal of this type would be kept: ask before computing labels.
   */
  public function wants(string $type): bool;

  /**
   * Keeps one signal until the request ends.
   *
   * @return bool
   *   FALSE when it is off, over its cap or refused; the agent counts why.
   */
  public function record(string $type, array $labels): bool;

  /**
   * HMAC-SHA256 of an account id under the site's key, 64 hex digits.
   */
  public function hashId(string $id): string;

  /**
   * Writes what was recorded so far to the buffer.
   */
  public function commit(): void;

  /**
   * Why nothing is recorded, in a sentence for the administrator, or NULL.
   */
  public function problem(): ?string;

}
