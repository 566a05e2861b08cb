<?php

/**
 * @file
 * Prints the key account ids are hashed with before the site is connected.
 */

declare(strict_types=1);

use Drupal\Core\Site\Settings;

require __DIR__ . '/boot.php';

$uuid = \Drupal::config('system.site')->get('uuid');
echo hash_hmac('sha256', "logystera accounts $uuid", Settings::getHashSalt()), "\n";
