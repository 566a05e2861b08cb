<?php

/**
 * @file
 * Holds the lock of cron as a run that hangs does (cron_lock.php hold), or lets it go (release).
 */

declare(strict_types=1);

require __DIR__ . '/boot.php';

$database = \Drupal::database();
// The table is made by the first who needs it.
if (\Drupal::lock()->acquire('cron')) {
  \Drupal::lock()->release('cron');
}
$database->delete('semaphore')->condition('name', 'cron')->execute();
if ($argv[1] === 'hold') {
  $database->insert('semaphore')->fields(['name' => 'cron', 'value' => 'a run that hangs', 'expire' => microtime(TRUE) + 900])->execute();
}
