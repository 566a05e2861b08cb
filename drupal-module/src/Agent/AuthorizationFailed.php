<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

/**
 * Connecting the site did not work; the message says why and what to do.
 */
final class AuthorizationFailed extends \RuntimeException {

  /**
   * For that reason, in the language of who is to read it.
   */
  public static function because(\Stringable $reason): self {
    return new self((string) $reason);
  }

}
