<?php

/**
 * @file
 * Prints the path of a one-time login link: login_link.php NAME.
 */

declare(strict_types=1);

require __DIR__ . '/boot.php';

$account = user_load_by_name($argv[1]);
echo parse_url(user_pass_reset_url($account), PHP_URL_PATH), "\n";
