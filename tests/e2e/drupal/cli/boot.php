<?php

/**
 * @file
 * Boots the site of the current directory, as a command line tool would.
 */

declare(strict_types=1);

use Drupal\Core\DrupalKernel;
use Symfony\Component\HttpFoundation\Request;

$autoloader = require getcwd() . '/../vendor/autoload.php';
$request = Request::create('http://localhost/');
$kernel = DrupalKernel::createFromRequest($request, $autoloader, 'prod');
$kernel->boot();
$kernel->preHandle($request);
$kernel->getContainer()->get('request_stack')->push($request);
