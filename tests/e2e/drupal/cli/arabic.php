<?php

/**
 * @file
 * Gives the site a second language, written from right to left.
 *
 * Nothing is translated: no text of an interface is fetched from anywhere.
 */

declare(strict_types=1);

use Drupal\language\Entity\ConfigurableLanguage;

require __DIR__ . '/boot.php';

\Drupal::service('module_installer')->install(['language']);
ConfigurableLanguage::createFromLangcode('ar')->save();
