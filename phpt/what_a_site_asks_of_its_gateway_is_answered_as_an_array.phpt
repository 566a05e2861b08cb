--TEST--
ping(), disconnect() and support() say ok, unreachable or refused with the cause; what breaks a limit is never sent; the buffer is not touched
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\{Credentials, Dispatcher};

// A port that was free a moment ago.
$server = stream_socket_server('tcp://127.0.0.1:0');
$port = (int) substr(strrchr(stream_socket_get_name($server, false), ':'), 1);
fclose($server);

$directory = scratch();
$dispatcher = new Dispatcher($directory, new Credentials("http://127.0.0.1:$port", 'ent_test', 'hunter2-hunter2-hunter2'),
    ['connect_timeout' => 2, 'timeout' => 3]);
$before = scandir($directory);
foreach (['ping' => [], 'disconnect' => [], 'support' => ['Help', 'maria@example.org', '{"php":"8.4"}']] as $method => $arguments) {
    $answer = $dispatcher->$method(...$arguments);
    $fields = ['status', 'http_code', 'error'];
    same($method === 'support' ? [...$fields, 'reference'] : $fields, array_keys($answer), "$method: the fields");
    same(['unreachable', null], [$answer['status'], $answer['http_code']], "$method: nobody listens");
    foreach (['network', 'could not be reached'] as $part) {
        holds(str_contains($answer['error'], $part), "$method: why", shown($answer));
    }
    holds(!str_contains(serialize($answer), 'hunter2'), "$method: no secret", shown($answer));
}
same(null, $answer['reference'], 'no reference');

// With nobody to send it to, only what is checked here can be refused.
$refused = static function (string $part, ...$arguments) use ($dispatcher): void {
    $answer = $dispatcher->support(...$arguments);
    same(['refused', null, null], [$answer['status'], $answer['http_code'], $answer['reference']], $part);
    holds(str_contains($answer['error'], $part), $part, shown($answer));
};
$refused('message: is empty', '');
$refused('message: is empty', " \n");
$refused('message: is not UTF-8', "\xff");
$refused('message: is longer than 10000 characters', str_repeat('é', 10001));
$refused('email: must be an address', 'Help', '');
$refused('email: must be an address', 'Help', "a@b\r\nBcc: c@d");
$refused('diagnostics: must be one JSON object', 'Help', null, '[]');
$refused('diagnostics: must be one JSON object', 'Help', null, "{\"a\":\"\0\"}");
$refused('diagnostics: are nested more than 31 deep', 'Help', null, str_repeat('{"a":', 32) . '1' . str_repeat('}', 32));
$refused('at most 262144 can be sent', 'Help', null, '{"a":"' . str_repeat('x', 262144) . '"}');
same('unreachable', $dispatcher->support(str_repeat('é', 10000), null, '{}')['status'], 'a limit that is just met');

refused(TypeError::class, 'support', static fn () => $dispatcher->support([]));
refused(ArgumentCountError::class, 'support', static fn () => $dispatcher->support());
refused(ArgumentCountError::class, 'ping', static fn () => $dispatcher->ping(1));
same($before, scandir($directory), 'the directory is as it was');
same([], $dispatcher->history(), 'nothing is in the history');
same(false, $dispatcher->state()['known'], 'nor in the state');
done();
?>
--EXPECT--
46 checks made
