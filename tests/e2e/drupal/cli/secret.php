<?php

/**
 * @file
 * Opens the sealed credentials by what is documented of them, and prints the
 * secret: for a test that then looks for it everywhere else.
 */

declare(strict_types=1);

use Drupal\Core\Site\Settings;

require __DIR__ . '/boot.php';

$sealed = base64_decode(\Drupal::state()->get('logystera.credentials'), TRUE);
$key = hash_hmac('sha256', 'logystera credentials', Settings::getHashSalt());
$derived = hash_hmac('sha256', 'logystera credentials seal/v1', $key, TRUE);
// The version, a nonce, the sealed text, its tag.
$text = openssl_decrypt(substr($sealed, 13, -16), 'aes-256-gcm', $derived, OPENSSL_RAW_DATA, substr($sealed, 1, 12), substr($sealed, -16), $sealed[0]);
$text !== FALSE || throw new RuntimeException('the credentials do not open');
echo explode("\n", $text)[2], "\n";
