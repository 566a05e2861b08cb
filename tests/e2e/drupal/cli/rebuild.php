<?php

/**
 * @file
 * Empties every cache, as `drush cache:rebuild` does.
 */

declare(strict_types=1);

require __DIR__ . '/boot.php';

drupal_flush_all_caches();
