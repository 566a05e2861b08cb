<?php

declare(strict_types=1);

// Kills running jobs with -9, each after it committed a random number of events, until it is ended itself:
//   php kill-jobs.php PIDS_DIR COMMITTED_DIR
// PIDS_DIR/N holds the process id of worker N's job, COMMITTED_DIR/N what its jobs have committed, one event a line.

[, $pids, $committed] = $argv;
$killAt = [];
while (true) {
    foreach (glob("$pids/*") as $file) {
        $worker = basename($file);
        clearstatcache();
        $bytes = is_file("$committed/$worker") ? filesize("$committed/$worker") : 0;
        $killAt[$worker] ??= $bytes + random_int(20, 2000);  // a job commits about 1,600 bytes of names
        if ($bytes < $killAt[$worker]) {
            continue;
        }
        unset($killAt[$worker]);
        $pid = (int) file_get_contents($file);
        if (str_contains((string) @file_get_contents("/proc/$pid/cmdline"), 'job.php')) {
            posix_kill($pid, 9);
        }
    }
    usleep(500);
}
