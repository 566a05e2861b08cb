<?php

declare(strict_types=1);

// Expected events on standard input, the same on standard output with the placeholders of the time before the site was
// connected filled in: "{site:2}" is the hash of user id 2 under the key SITE_KEY, "{site12:2}" its first 12 digits. What
// one major of Drupal alone records stands behind its number, "10 {…}", and is left out for another MAJOR.
//
//   php expect.php SITE_KEY MAJOR

[, $key, $major] = $argv;
while (($line = fgets(STDIN)) !== false) {
    if (preg_match('/^(\d+) (\{.*)$/s', $line, $only)) {
        $line = $only[1] === $major ? $only[2] : '';
    }
    echo preg_replace_callback(
        '/\{site(12)?:([^{}]+)\}/',
        static fn(array $m): string => substr(hash_hmac('sha256', $m[2], $key), 0, $m[1] === '' ? 64 : 12),
        $line,
    );
}
