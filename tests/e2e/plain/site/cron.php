<?php

declare(strict_types=1);

// The site's cron job: sends what the buffer holds. Prints what came of it as one JSON line.

use Logystera\Agent\Credentials;
use Logystera\Agent\Dispatcher;
use Logystera\Agent\Exception\BufferUnavailable;

require __DIR__ . '/app.php';

$dataDir = getenv('SITE_DATA') ?: throw new RuntimeException('SITE_DATA is not set: it names the site\'s data directory');
$config = Site::readJson("$dataDir/config.json");
$gateway = Site::readJson($config['credentials']);
$dispatcher = new Dispatcher(
    $config['buffer'],
    new Credentials($gateway['url'], $gateway['token'], $gateway['secret']),
    ['share' => $config['share'] ?? 'user'],
);
if (in_array('--now', $argv, true)) {
    try {
        $dispatcher->resume();
    } catch (BufferUnavailable) {
        // flush() says what is in the way: another one at work, or a directory that cannot be used.
    }
}
echo json_encode($dispatcher->flush(), JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES), "\n";
