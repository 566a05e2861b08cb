--TEST--
What a process dropped while it could not have the lock is counted in the directory before the process ends
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\{Buffer, Recorder};

const KEY = 'a key of the test suite';

$directory = scratch('buffer');
(new Recorder($directory, ['uid_key' => KEY]))->record('config.save', []);
$lock = "$directory/buffer.lock";
// Another PHP drops an event, because somebody has the lock, every slot is taken, and others add to each of them; then the lock is
// free and it ends.
run('$lock = fopen(' . var_export($lock, true) . ', "c+");
    $r = new Logystera\Agent\Recorder(' . var_export($directory, true) . ', ["uid_key" => ' . var_export(KEY, true) . ']);
    $r->record("config.save", []);
    $r->commit();
    flock($lock, LOCK_EX);
    for ($i = 0; $i < 32; $i++) {
        $r->record("config.save", []);
        $r->commit();
    }
    $slots = array_map(fn($slot) => fopen($slot, "r"), glob(' . var_export("$directory/spill-*", true) . '));
    array_map(fn($slot) => flock($slot, LOCK_EX), $slots);
    $r->record("config.save", []);
    $r->commit();
    flock($lock, LOCK_UN);', []);
$dropped = (new Buffer($directory))->stats()['dropped'];
same(1, $dropped['lock_busy']['count'] ?? 0, 'the one event that found neither lock nor slot');
done();
?>
--EXPECT--
1 checks made
