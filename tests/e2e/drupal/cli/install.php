<?php

/**
 * @file
 * Installs a standard site on the database that settings.php names.
 *
 * Core's own command for this knows SQLite only.
 */

declare(strict_types=1);

$autoloader = require getcwd() . '/../vendor/autoload.php';
require_once getcwd() . '/core/includes/install.core.inc';

$password = bin2hex(random_bytes(12));
install_drupal($autoloader, [
  'interactive' => FALSE,
  'site_path' => 'sites/default',
  'parameters' => ['profile' => 'standard', 'langcode' => 'en'],
  'forms' => [
    'install_configure_form' => [
      'site_name' => 'Test site',
      'site_mail' => 'drupal@localhost',
      'account' => [
        'name' => 'admin',
        'mail' => 'admin@localhost',
        'pass' => ['pass1' => $password, 'pass2' => $password],
      ],
      'enable_update_status_module' => TRUE,
      'enable_update_status_emails' => NULL,
    ],
  ],
]);
