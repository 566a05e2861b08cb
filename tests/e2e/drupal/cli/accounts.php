<?php

/**
 * @file
 * Gives a site accounts, and prints its cron key: accounts.php JSON.
 *
 * Account ids are large numbers, so that finding one of them in what is stored
 * can only mean that it leaked.
 */

declare(strict_types=1);

use Drupal\user\Entity\User;

require_once __DIR__ . '/boot.php';

// These ask drupal.org for news, which a test must not: the one goes, the other
// is told of a place where nobody answers until the test puts an answer there.
\Drupal::service('module_installer')->uninstall(['announcements_feed']);
\Drupal::configFactory()->getEditable('update.settings')->set('fetch.url', 'http://127.0.0.1:9/release-history')->save();
\Drupal::configFactory()->getEditable('system.advisories')->set('enabled', FALSE)->save();

foreach (json_decode($argv[1], TRUE) as $account) {
  User::create($account + ['status' => 1, 'mail' => $account['name'] . '@example.org'])->save();
}

// The first run, so that automated cron does not come in between.
\Drupal::service('cron')->run();
echo \Drupal::state()->get('system.cron_key'), "\n";
