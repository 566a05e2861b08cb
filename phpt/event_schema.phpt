--TEST--
An event is one line: five fields in the documented order, integers for the times, a UUID of version 4
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

$directory = scratch();
$recorder = new Recorder($directory, ['uid_key' => 'a key of the test suite']);
$before = time();
same(true, $recorder->record('auth.login', ['uid' => '1', 'ip' => '192.168.1.100', 'roles' => ['authenticated', 'administrator']]),
    'record() says that it recorded');
same(true, $recorder->record('config.import', []), 'an event without labels');
$after = time();
same([], lines($directory), 'nothing is written before the request ends or commits');
same(2, $recorder->commit(), 'commit() says how many');
same(0, $recorder->commit(), 'a second commit has nothing left');

$lines = lines($directory);
same(2, count($lines), 'lines');
$hash = hash_hmac('sha256', '1', 'a key of the test suite');
$pattern = '/^\{"event_type":"auth\.login","created_at":(\d+),"timestamp":(\d+),'
    . '"event_id":"([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})",'
    . '"labels":\{"uid":"' . $hash . '","ip":"192\.168\.1\.100","roles":\["authenticated","administrator"\]\}\}$/D';
same(1, preg_match($pattern, $lines[0], $found), "the line to the letter: $lines[0]");
same($found[1], $found[2], 'created_at is timestamp');
holds($found[1] >= $before - 1 && $found[1] <= $after, 'the time is now', $found[1]);
$event = json_decode($lines[0], true);
same(['event_type', 'created_at', 'timestamp', 'event_id', 'labels'], array_keys($event), 'fields');
same(['string', 'integer', 'integer', 'string', 'array'], array_map('gettype', array_values($event)), 'types');
same('{}', substr($lines[1], strrpos($lines[1], ':') + 1, -1), 'no labels are an empty object');
same("\n", substr(file_get_contents("$directory/buffer-current.jsonl"), -1), 'the file ends with a newline');
same(0600, fileperms("$directory/buffer-current.jsonl") & 07777, 'the mode of the file');
same(0700, fileperms($directory) & 07777, 'the mode of the directory');
done();
?>
--EXPECT--
15 checks made
