<?php

/**
 * @file
 * Prints the secrets of the site itself, NAME<tab>VALUE a line.
 */

declare(strict_types=1);

use Drupal\Core\Site\Settings;

require_once __DIR__ . '/boot.php';

$salt = Settings::getHashSalt();
echo "hash salt\t$salt\n";
// What credentials are sealed with, and what ids are hashed with before the
// site is connected: derived, and kept nowhere.
foreach (['credentials', 'accounts ' . \Drupal::config('system.site')->get('uuid')] as $purpose) {
  echo '~key of ', strtok($purpose, ' '), "\t", hash_hmac('sha256', "logystera $purpose", $salt), "\n";
}
echo "~private key\t", \Drupal::state()->get('system.private_key'), "\n";
