<?php

/**
 * @file
 * Fills the sync directory with the active configuration, changed.
 *
 * One object is changed, one is missing, one is new, and one module is added.
 */

declare(strict_types=1);

use Drupal\Core\Config\FileStorage;
use Drupal\Core\Site\Settings;

require __DIR__ . '/boot.php';

$sync = new FileStorage(Settings::get('config_sync_directory'));
$active = \Drupal::service('config.storage');
$sync->deleteAll();
foreach ($active->listAll() as $name) {
  $sync->write($name, $active->read($name));
}
$sync->write('system.site', ['slogan' => 'planted-configuration-value'] + $active->read('system.site'));
$sync->delete('core.date_format.html_week');
$menu = $active->read('system.menu.tools');
$sync->write('system.menu.audit', ['uuid' => \Drupal::service('uuid')->generate(), 'id' => 'audit', 'label' => 'Audit'] + $menu);
$extensions = $active->read('core.extension');
$extensions['module']['telephone'] = 0;
ksort($extensions['module']);
$sync->write('core.extension', $extensions);
