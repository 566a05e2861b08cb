<?php

declare(strict_types=1);

// A command line job that records many events, each committed at once:  php job.php NAME
// Prints "NAME-NUMBER" for every event commit() said is safe, the moment it said so.

use Logystera\Agent\Recorder;

require __DIR__ . '/app.php';

$name = $argv[1];
$config = Site::readJson(getenv('SITE_DATA') . '/config.json');
$recorder = new Recorder($config['buffer'], ['uid_key' => $config['uid_key'], 'share' => $config['share'] ?? 'user']);
$number = 0;
// As many of each as one request may record.
$work = ['auth.login_failed' => ['username', 50], 'config.save' => ['config_name', 50], 'config.delete' => ['config_name', 20],
    'module.install' => ['module', 20], 'module.uninstall' => ['module', 20]];
foreach ($work as $type => [$label, $count]) {
    for ($i = 0; $i < $count; $i++) {
        $number++;
        $recorder->record($type, [$label => "$name-$number"]);
        if ($recorder->commit() === 1) {
            fwrite(STDOUT, "$name-$number\n");
        }
    }
}
