<?php

/**
 * @file
 * Prints the composer.json of a site: composer.php CONSTRAINT MODULE [tools].
 *
 * CONSTRAINT is drupal/core's, MODULE the directory of the module. With
 * "tools" come the packages that test and analyse the module, in the versions
 * that major of Drupal asks for.
 */

declare(strict_types=1);

[, $constraint, $module, $kind] = $argv + [3 => 'site'];
$tools = [
  'behat/mink' => '^1.11',
  'behat/mink-browserkit-driver' => '^2.2',
  'mglaman/phpstan-drupal' => '^1.3.9',
  'mikey179/vfsstream' => '^1.6.11',
  'phpspec/prophecy-phpunit' => '^2',
  'phpstan/extension-installer' => '^1.4',
];
$tools_of_major = [
  '10' => ['phpunit/phpunit' => '^9.6.13', 'symfony/browser-kit' => '^6.4', 'symfony/css-selector' => '^6.4', 'symfony/phpunit-bridge' => '^6.4'],
  '11' => ['phpunit/phpunit' => '^11.5', 'symfony/browser-kit' => '^7.4', 'symfony/css-selector' => '^7.4'],
];

$site = json_decode(file_get_contents(__DIR__ . '/composer.json'), TRUE, 512, JSON_THROW_ON_ERROR);
$site['require']['drupal/core'] = $constraint;
$site['repositories'][0]['url'] = $module;
if ($kind === 'tools') {
  preg_match('/\d+/', $constraint, $major);
  $site['require'] += $tools + $tools_of_major[$major[0]];
  $site['config']['allow-plugins']['phpstan/extension-installer'] = TRUE;
}
echo json_encode($site, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR), "\n";
