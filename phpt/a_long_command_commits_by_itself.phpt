--TEST--
A process on the command line commits as soon as 64 KiB are pending, without ending or being told
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

$directory = scratch();
$recorder = new Recorder($directory, ['signals' => [one_label('string', 1024)]]);
for ($recorded = 0; $recorded < 150 && lines($directory) === []; ++$recorded) {
    same(true, $recorder->record('test.string1024', ['value' => str_repeat('x', 1024)]), 'an event');
}
$size = filesize("$directory/buffer-current.jsonl");
$line = strlen(lines($directory)[0]) + 1;
same($recorded, count(lines($directory)), 'all that was recorded is committed');
holds($size >= 65536 && $size < 65536 + $line, 'as soon as it is 64 KiB', (string) $size);
same([$recorded, 0], [$recorder->stats()['committed'], $recorder->stats()['pending']], 'nothing is pending');
same(true, $recorder->record('test.string1024', ['value' => 'short']), 'one more');
same([$recorded, 1], [count(lines($directory)), $recorder->stats()['pending']], 'waits again');
done();
?>
--EXPECT--
61 checks made
