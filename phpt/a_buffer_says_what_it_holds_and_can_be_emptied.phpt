--TEST--
Buffer::stats() and files() say what is buffered and what was dropped; clear() removes the events and keeps the counts
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\{Buffer, Recorder};
use Logystera\Agent\Exception\BufferUnavailable;

$directory = scratch();
$buffer = new Buffer($directory);
holds(is_dir($directory), 'the directory is made');
same(0700, fileperms($directory) & 07777, 'and private');
$empty = ['bytes' => 0, 'pending_bytes' => 0, 'sent_bytes' => 0, 'cap_bytes' => $buffer->stats()['cap_bytes'], 'files' => 0, 'spilled' => 0, 'healed' => 0, 'dropped' => []];
same($empty, $buffer->stats(), 'an empty buffer');
holds($empty['cap_bytes'] > 1024 * 1024, 'has a cap', (string) $empty['cap_bytes']);
same([], $buffer->files(), 'no files');
same([0, 0, [], 0], [...array_slice(array_values($buffer->events()), 0, 3), array_sum($buffer->events()['hours'])], 'no events');
same(0, $buffer->clear(), 'nothing to clear');

$recorder = new Recorder($directory, ['signals' => [one_label('string', null, 3)]]);
for ($i = 0; $i < 5; ++$i) {
    $recorder->record('test.string', ['value' => "event $i"]);
}
@$recorder->record('no.such');
same(0, $buffer->stats()['bytes'], 'what is not committed is not buffered');
same(3, $recorder->commit(), 'committed');
$size = filesize("$directory/buffer-current.jsonl");
same([['name' => 'buffer-current.jsonl', 'bytes' => $size]], $buffer->files(), 'one file');
$stats = $buffer->stats();
same([$size, $size, 1], [$stats['bytes'], $stats['pending_bytes'], $stats['files']], 'its size');
same(['cap_type' => 2, 'unknown_type' => 1], array_map(static fn (array $drop): int => $drop['count'], $stats['dropped']), 'what was dropped');
foreach ($stats['dropped'] as $reason => $drop) {
    same(['count', 'first_at', 'last_at'], array_keys($drop), "the fields of $reason");
    holds($drop['first_at'] <= $drop['last_at'] && abs($drop['last_at'] - time()) < 60, "the times of $reason");
}
same($stats, (new Buffer("$directory/"))->stats(), 'another Buffer sees the same');

// A torn last line is closed by the next commit.
file_put_contents("$directory/buffer-current.jsonl", '{"event_type":"test.str', FILE_APPEND);
$other = new Recorder($directory, ['signals' => [one_label('integer')]]);
$other->record('test.integer', ['value' => 1]);
$other->commit();
same(1, $buffer->stats()['healed'], 'a torn line is healed');
same([4, 1], [$buffer->events()['total'], $buffer->events()['invalid']], 'and counted');

$kept = $buffer->stats()['dropped'];
same(5, $buffer->clear(), 'the lines that went');
same([], lines($directory), 'none is left');
same([], $buffer->files(), 'no file is left');
$stats = $buffer->stats();
same([0, 0, 0], [$stats['bytes'], $stats['pending_bytes'], $stats['files']], 'no bytes are left');
same($kept, $stats['dropped'], 'the counts stay');
same(true, $other->record('test.integer', ['value' => 2]), 'recording goes on');
same(1, $other->commit(), 'into the emptied buffer');
same(1, $buffer->events()['total'], 'and is seen');

foreach (['stats', 'files', 'clear'] as $method) {
        refused(ArgumentCountError::class, $method, static fn () => $buffer->$method(1));
}
remove_tree($directory);
foreach (['stats', 'files', 'clear'] as $method) {
    refused(BufferUnavailable::class, $directory, static fn () => $buffer->$method());
}
done();
?>
--EXPECT--
39 checks made
