<?php

/**
 * @file
 * Connects the site with the credentials in a file: connect.php FILE.
 */

declare(strict_types=1);

use Drupal\logystera\Agent\Connection;
use Logystera\Agent\Credentials;

require __DIR__ . '/boot.php';

['url' => $url, 'token' => $token, 'secret' => $secret] = json_decode(file_get_contents($argv[1]), TRUE, 4, JSON_THROW_ON_ERROR);
\Drupal::service(Connection::class)->connect(new Credentials($url, $token, $secret));
