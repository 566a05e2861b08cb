<?php

/**
 * @file
 * Gives a fresh site what the scenario needs, before Logystera is there.
 */

declare(strict_types=1);

use Drupal\workflows\Entity\Workflow;

require_once __DIR__ . '/boot.php';

\Drupal::service('module_installer')->install(['basic_auth', 'config', 'content_moderation', 'jsonapi', 'logystera_site_test', 'media']);
$workflow = Workflow::load('editorial');
$workflow->getTypePlugin()->addEntityTypeAndBundle('node', 'article');
$workflow->save();

require __DIR__ . '/accounts.php';
