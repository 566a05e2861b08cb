<?php

/**
 * @file
 * Sends what is waiting, and prints how that went.
 */

declare(strict_types=1);

use Drupal\logystera\Agent\Dispatch;

require __DIR__ . '/boot.php';

$result = \Drupal::service(Dispatch::class)->flush();
echo json_encode($result), "\n";
exit(in_array($result['status'] ?? '', ['sent', 'idle'], TRUE) ? 0 : 1);
