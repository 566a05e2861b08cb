<?php

/**
 * @file
 * Changes a setting of the module: setting.php KEY VALUE.
 */

declare(strict_types=1);

require __DIR__ . '/boot.php';

[, $key, $value] = $argv;
\Drupal::configFactory()->getEditable('logystera.settings')->set($key, $value)->save();
