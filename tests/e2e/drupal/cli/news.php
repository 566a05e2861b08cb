<?php

/**
 * @file
 * Has the Update module ask another server: news.php URL.
 *
 * Prints the version that is installed.
 */

declare(strict_types=1);

require __DIR__ . '/boot.php';

// Straight into the storage: that the test says where the news are is nothing
// the site has to record.
$storage = \Drupal::service('config.storage');
$settings = $storage->read('update.settings');
$settings['fetch']['url'] = $argv[1];
$storage->write('update.settings', $settings);
echo \Drupal::VERSION, "\n";
