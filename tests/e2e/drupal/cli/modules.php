<?php

/**
 * @file
 * Installs or uninstalls a module: modules.php install|uninstall NAME.
 */

declare(strict_types=1);

require __DIR__ . '/boot.php';

[, $verb, $name] = $argv;
exit(\Drupal::service('module_installer')->$verb([$name]) ? 0 : 1);
