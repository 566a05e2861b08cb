--TEST--
flush() to a port where nobody listens keeps the events, says why and when it tries again, and makes no request before; resume() ends the wait
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\{Buffer, Credentials, Dispatcher, Recorder};
use Logystera\Agent\Exception\{BufferUnavailable, InvalidOption};

// A port that was free a moment ago.
$server = stream_socket_server('tcp://127.0.0.1:0');
$port = (int) substr(strrchr(stream_socket_get_name($server, false), ':'), 1);
fclose($server);

$directory = scratch();
$credentials = new Credentials("http://127.0.0.1:$port", 'ent_test', 'hunter2-hunter2-hunter2');
$dispatcher = new Dispatcher($directory, $credentials, ['connect_timeout' => 2, 'timeout' => 3]);
same([], $dispatcher->history(), 'no history yet');
$state = $dispatcher->state();
same(['known', 'suspended', 'trouble', 'remedy', 'http_status', 'last_attempt', 'last_success', 'next_attempt', 'failures', 'auth_failures',
    'clock_skew', 'batch_limit', 'events_sent', 'batches_sent', 'requests', 'duplicates', 'dead_lettered', 'bytes_sent'], array_keys($state), 'the fields of a state');
same([false, false, 'none', null, null, null, null], [$state['known'], $state['suspended'], $state['trouble'], $state['remedy'],
    $state['last_attempt'], $state['last_success'], $state['next_attempt']], 'before the first run');

$idle = ['status' => 'idle', 'sent' => 0, 'batches' => 0, 'requests' => 0, 'dead_lettered' => 0, 'remaining_bytes' => 0, 'retry_at' => null, 'error' => null];
same($idle, $dispatcher->flush(), 'an empty buffer');
same([], $dispatcher->history(), 'asks nobody');

$recorder = new Recorder($directory, ['signals' => [one_label('string')]]);
for ($i = 0; $i < 3; ++$i) {
    $recorder->record('test.string', ['value' => "event $i"]);
}
$recorder->commit();
$lines = lines($directory);
$before = time();
$result = $dispatcher->flush();
same(['backoff', 0, 0, 1, 0], [$result['status'], $result['sent'], $result['batches'], $result['requests'], $result['dead_lettered']], 'nobody listens');
same(strlen(implode("\n", $lines)) + 1, $result['remaining_bytes'], 'the events remain');
same($lines, lines($directory), 'byte for byte');
holds(is_int($result['retry_at']) && $result['retry_at'] > $before && $result['retry_at'] <= time() + 60, 'when it is tried again', shown($result));
foreach (['network', 'The gateway could not be reached'] as $part) {
    holds(str_contains((string) $result['error'], $part), 'why', shown($result['error']));
}
$state = $dispatcher->state();
same([true, false, 'network', 0, null, 1, 0, 1, 0, 0], [$state['known'], $state['suspended'], $state['trouble'], $state['http_status'], $state['last_success'],
    $state['failures'], $state['auth_failures'], $state['requests'], $state['events_sent'], $state['batches_sent']], 'the state');
holds(str_contains($state['remedy'], 'tried again by itself'), 'with a remedy');
holds($state['last_attempt'] >= $before && $state['last_attempt'] <= time(), 'the time of the attempt');
holds(abs($state['next_attempt'] - $result['retry_at']) <= 1, 'and of the next');

$history = $dispatcher->history();
same(1, count($history), 'one request in the history');
same(['at', 'events', 'bytes', 'http_status', 'duration_ms', 'acknowledged', 'batch', 'error'], array_keys($history[0]), 'its fields');
same([3, 0, false], [$history[0]['events'], $history[0]['http_status'], $history[0]['acknowledged']], 'what was tried');
holds($history[0]['at'] >= $before && $history[0]['bytes'] > 0 && $history[0]['duration_ms'] >= 0, 'when and how much', shown($history[0]));
holds($history[0]['batch'] !== '' && is_string($history[0]['error']), 'the batch and the error', shown($history[0]));
holds(!str_contains(serialize([$result, $state, $history]), 'hunter2'), 'the secret is nowhere');

// The wait holds, for another Dispatcher too.
foreach ([$dispatcher, new Dispatcher($directory, $credentials)] as $again) {
    $second = $again->flush();
    same(['backoff', 0], [$second['status'], $second['requests']], 'no request before its time');
    holds(abs($second['retry_at'] - $result['retry_at']) <= 1, 'which stays');
    holds(str_contains((string) $second['error'], 'waiting after network'), 'and says so', shown($second['error']));
}
same(1, count($dispatcher->history()), 'the history has no second');

// resume() tries at once; what failed is the same batch.
$dispatcher->resume();
$state = $dispatcher->state();
same([0, 'none', null, null], [$state['failures'], $state['trouble'], $state['remedy'], $state['next_attempt']], 'resumed');
$third = $dispatcher->flush();
same(['backoff', 1], [$third['status'], $third['requests']], 'tried again');
same(2, $dispatcher->state()['requests'], 'two requests in all');
$history = $dispatcher->history();
same(2, count($history), 'in the history, too');
same($history[0]['batch'], $history[1]['batch'], 'under one batch id');
same([$history[0]], $dispatcher->history(1), 'the newest first');
same($history, $dispatcher->history(500), 'as many as there are');

// Other credentials do not wait for these.
$other = new Dispatcher($directory, new Credentials("http://127.0.0.1:$port", 'ent_other', 'hunter2-hunter2-hunter2'));
same(1, $other->flush()['requests'], 'new credentials are tried at once');

foreach ([0, 501, -1, PHP_INT_MAX, PHP_INT_MIN] as $limit) {
    refused(InvalidOption::class, 'limit must be 1 to 500', static fn () => $dispatcher->history($limit));
}
refused(TypeError::class, 'history', static fn () => $dispatcher->history('many'));
same(3, (new Buffer($directory))->events()['total'], 'every event is still there');

// Without its directory.
remove_tree($directory);
$gone = $dispatcher->flush();
same('unavailable', $gone['status'], 'a directory that is gone');
holds(str_contains((string) $gone['error'], $directory), 'is named', shown($gone['error']));
refused(BufferUnavailable::class, $directory, static fn () => $dispatcher->resume());
done();
?>
--EXPECT--
53 checks made
