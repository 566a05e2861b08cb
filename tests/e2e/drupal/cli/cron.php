<?php

/**
 * @file
 * Runs cron, as `drush cron` does.
 */

declare(strict_types=1);

require __DIR__ . '/boot.php';

exit(\Drupal::service('cron')->run() ? 0 : 1);
