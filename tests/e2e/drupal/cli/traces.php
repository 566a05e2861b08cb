<?php

/**
 * @file
 * Prints what is left of the module in configuration and State; nothing is right.
 */

declare(strict_types=1);

require __DIR__ . '/boot.php';

echo implode("\n", \Drupal::service('config.storage')->listAll('logystera.'));
foreach (['logystera.credentials', 'logystera.identity', 'logystera.mapper_errors'] as $key) {
  echo \Drupal::keyValue('state')->get($key) === NULL ? '' : "$key\n";
}
