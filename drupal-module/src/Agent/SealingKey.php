<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Drupal\Core\Site\Settings;

/**
 * The key that secrets in State are sealed with.
 *
 * It is derived from the hash salt, which settings.php holds, and kept nowhere:
 * a database dump alone opens nothing.
 */
final class SealingKey {

  /**
   * The key of this site.
   */
  public static function derive(): string {
    return hash_hmac('sha256', 'logystera credentials', Settings::getHashSalt());
  }

}
