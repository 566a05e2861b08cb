--TEST--
Buffer::events() filters by type, severity, time and text, pages newest first, and counts the lines that are no events
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\{Buffer, Recorder};
use Logystera\Agent\Exception\{BufferUnavailable, InvalidOption};

// Ten events of known times: number n is of second BEGIN + n.
const BEGIN = 1700000000;
$directory = scratch();
$recorder = new Recorder($directory, ['enabled' => [...all_types(), 'test.string'], 'signals' => [one_label('string')]]);
for ($i = 0; $i < 10; ++$i) {
    same(true, $i % 2 === 0 ? $recorder->record('test.string', ['value' => "Number $i"]) : $recorder->record('auth.login_failed', []), "event $i");
}
same(10, $recorder->commit(), 'committed');
$current = "$directory/buffer-current.jsonl";
$lines = lines($directory);
foreach ($lines as $i => &$line) {
    $line = preg_replace('/"(created_at|timestamp)":\d+/', '"$1":' . (BEGIN + $i), $line);
}
unset($line);
file_put_contents($current, implode("\n", $lines) . "\n");

$buffer = new Buffer($directory);
$times = static fn (array $page): array => array_map(static fn (array $event): int => $event['created_at'] - BEGIN, $page['events']);
$found = static function (array $filter = [], int $offset = 0, int $limit = 50) use ($buffer, $times): array {
    $page = $buffer->events($filter, $offset, $limit);
    same(['total', 'invalid', 'events', 'sent', 'hours'], array_keys($page), 'the keys of a page');
    return [$page['total'], $page['invalid'], $times($page)];
};
$odd = [9, 7, 5, 3, 1];
$even = [8, 6, 4, 2, 0];
$all = range(9, 0);
same([10, 0, $all], $found(), 'everything, newest first');
same(array_reverse(events($directory)), $buffer->events()['events'], 'as it stands in the buffer');

$severity = array_column(Recorder::signals(), 'severity', 'type')['auth.login_failed'];
holds($severity !== 'info', 'a failed login is more than information');
$cases = [
    'a type' => [['type' => 'test.string'], $even],
    'a list of types' => [['type' => ['auth.login_failed', 'test.string', 'no.such']], $all],
    'a type nobody recorded' => [['type' => 'config.save'], []],
    'part of a type' => [['type' => 'test.'], []],
    'a severity' => [['severity' => $severity], $odd],
    'a declared signal is information' => [['severity' => 'info'], $even],
    'a list of severities' => [['severity' => ['info', $severity]], $all],
    'an unknown severity' => [['severity' => 'loud'], []],
    'since' => [['since' => BEGIN + 7], [9, 8, 7]],
    'until' => [['until' => BEGIN + 1], [1, 0]],
    'one second' => [['since' => BEGIN + 4, 'until' => BEGIN + 4], [4]],
    'an empty span' => [['since' => BEGIN + 5, 'until' => BEGIN + 4], []],
    'a negative time' => [['since' => -1], $all],
    'text in any case' => [['text' => 'nUMBER 6'], [6]],
    'text of the line' => [['text' => 'login_failed'], $odd],
    'text that is nowhere' => [['text' => 'elsewhere'], []],
    'all together' => [['type' => 'test.string', 'severity' => 'info', 'since' => BEGIN + 2, 'until' => BEGIN + 6, 'text' => 'number'], [6, 4, 2]],
    'null is no filter' => [['type' => null, 'severity' => null, 'since' => null, 'until' => null, 'text' => null], $all],
    'nor are empty ones' => [['type' => [], 'severity' => [], 'text' => ''], $all],
    'limits just met' => [['type' => [...array_fill(0, 255, str_repeat('x', 256)), 'test.string']], $even],
];
foreach ($cases as $what => [$filter, $expected]) {
    same([count($expected), 0, $expected], $found($filter), $what);
}

// Pages.
same([10, 0, [9]], $found([], 0, 1), 'the first');
same([10, 0, [6, 5, 4]], $found([], 3, 3), 'the second page');
same([10, 0, [0]], $found([], 9, 3), 'the last page');
same([10, 0, []], $found([], 10, 3), 'a page behind the end');
same([10, 0, []], $found([], PHP_INT_MAX, 500), 'a page far behind the end');
same([5, 0, [5, 3]], $found(['type' => 'auth.login_failed'], 2, 2), 'a page of a filter');

// What was sent and stays: only where it is asked for, behind what waits, and marked.
mkdir("$directory/sent", 0700);
file_put_contents("$directory/sent/buffer-00000000000000000000-1700000000-abcdef01.jsonl", str_replace('Number 0', 'sent', $lines[0]) . "\n");
chmod("$directory/sent/buffer-00000000000000000000-1700000000-abcdef01.jsonl", 0600);
same([10, 0, $all], $found(), 'what waits alone');
same([10, 0, $all], $found(['delivery' => 'waiting']), 'the same by name');
same([10, 0, $all], $found(['delivery' => null]), 'null is no filter here either');
same([1, 0, [0]], $found(['delivery' => 'sent']), 'what was sent');
same([11, 0, [...$all, 0]], $found(['delivery' => 'any']), 'both');
same([...array_fill(0, 10, false), true], $buffer->events(['delivery' => 'any'])['sent'], 'marked');
same([true], $buffer->events(['delivery' => 'any'], 10, 1)['sent'], 'on its page');
same(filesize("$directory/sent/buffer-00000000000000000000-1700000000-abcdef01.jsonl"), $buffer->stats()['sent_bytes'], 'its size');

// By the hour: what was recorded long ago is in none of the last 24.
$hours = $buffer->events()['hours'];
same(24, count($hours), 'a day of hours');
same(range(array_key_first($hours), array_key_last($hours), 3600), array_keys($hours), 'one after the other');
same([0, 0], [array_key_first($hours) % 3600, array_sum($hours)], 'on the clock, and empty');
holds(array_key_last($hours) <= time() && array_key_last($hours) + 7200 > time(), 'up to this one');
$now = scratch();
$recorder = new Recorder($now, ['enabled' => all_types()]);
$recorder->record('config.import', []);
$recorder->record('auth.logout', []);
same(2, $recorder->commit(), 'two now');
same(2, array_sum((new Buffer($now))->events([], 5, 1)['hours']), 'counted whatever the page');
same(1, array_sum((new Buffer($now))->events(['type' => 'auth.logout'])['hours']), 'and only where they match');

// Wrong arguments.
$long = str_repeat('x', 257);
$strings = 'must be a string or a list of strings';
$wrong = [
    [['type' => 1], "filter 'type' $strings"], [['type' => [1]], "filter 'type' $strings"], [['type' => true], "filter 'type' $strings"],
    [['type' => $long], "filter 'type' $strings"], [['type' => array_fill(0, 257, 'a.b')], "filter 'type' $strings"],
    [['severity' => 1.5], "filter 'severity' $strings"], [['severity' => [null]], "filter 'severity' $strings"],
    [['since' => '1'], "filter 'since' must be a unix time (integer)"], [['since' => 1.0], "filter 'since' must be a unix time (integer)"],
    [['until' => []], "filter 'until' must be a unix time (integer)"],
    [['text' => 1], "filter 'text' must be a string of at most 256 bytes"], [['text' => $long], "filter 'text' must be a string of at most 256 bytes"],
    [['delivery' => 1], "filter 'delivery' must be 'waiting', 'sent' or 'any'"], [['delivery' => 'all'], "filter 'delivery' must be 'waiting', 'sent' or 'any'"],
    [['no_such' => 1], "there is no filter 'no_such'; known are type, severity, delivery, since, until and text"],
    [['x'], 'there is no filter'],
];
foreach ($wrong as [$filter, $part]) {
    refused(InvalidOption::class, $part, static fn () => $buffer->events($filter));
}
foreach ([[-1, 1], [0, 0], [0, -1], [0, 501], [PHP_INT_MIN, 1], [0, PHP_INT_MAX]] as [$offset, $limit]) {
    refused(InvalidOption::class, 'offset must be 0 or more, limit 1 to 500', static fn () => $buffer->events([], $offset, $limit));
}
refused(TypeError::class, 'events', static fn () => $buffer->events('config.save'));
foreach ([['no_such' => 1], ['x']] as $options) {
    refused(InvalidOption::class, 'unknown option; known are durability, share and allow_network_fs', static fn () => new Buffer($directory, $options));
}
refused(InvalidOption::class, "option 'share' must be 'user' or 'group'", static fn () => new Buffer($directory, ['share' => 'all']));
refused(BufferUnavailable::class, 'not an absolute path', static fn () => new Buffer('relative'));

// Damage: a torn tail, text that is no event, and a line that only begins like one. Whatever the page, they are counted alike.
$damaged = [$lines[0], 'no event', $lines[1], '', substr($lines[2], 0, -5), $lines[3], substr($lines[4], 0, 30)];
file_put_contents($current, implode("\n", $damaged));
same([3, 3, [3, 1, 0]], $found(), 'damaged lines are counted and left out');
same([3, 3, [3, 1]], $found([], 0, 2), 'on the first page');
same([3, 3, [0]], $found([], 2, 2), 'and on the second');

// A directory that is gone.
remove_tree($directory);
refused(BufferUnavailable::class, $directory, static fn () => $buffer->events());
done();
?>
--EXPECT--
149 checks made
