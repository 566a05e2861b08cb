<?php

/**
 * @file
 * Makes the mistakes with which a site takes programs as documents.
 */

declare(strict_types=1);

use Drupal\field\Entity\FieldConfig;

require __DIR__ . '/boot.php';

\Drupal::configFactory()->getEditable('system.file')->set('allow_insecure_uploads', TRUE)->save();
$field = FieldConfig::loadByName('media', 'document', 'field_media_document');
$field->setSetting('file_extensions', 'txt php')->save();
