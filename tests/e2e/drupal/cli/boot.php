<?php

/**
 * @file
 * Boots the site of the current directory, as a command line tool would.
 *
 * Of a multisite it is the one that answers to SITE_URI.
 */

declare(strict_types=1);

use Drupal\Core\DrupalKernel;
use Symfony\Component\HttpFoundation\Request;

$autoloader = require getcwd() . '/../vendor/autoload.php';
$script = ['SCRIPT_NAME' => '/index.php', 'SCRIPT_FILENAME' => getcwd() . '/index.php'];
$request = Request::create(getenv('SITE_URI') ?: 'http://localhost/', 'GET', [], [], [], $script);
$kernel = DrupalKernel::createFromRequest($request, $autoloader, 'prod');
$kernel->boot();
$kernel->preHandle($request);
$kernel->getContainer()->get('request_stack')->push($request);
