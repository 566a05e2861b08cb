--TEST--
Whatever a label is given, the event is written, valid, and no code of the application runs
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

set_error_handler(static function (int $level, string $text): bool { echo "WARNED: $text\n"; return true; });

class Talker implements IteratorAggregate, ArrayAccess, JsonSerializable, Countable
{
    public function __toString(): string { echo "RAN __toString\n"; return 'x'; }
    public function getIterator(): Iterator { echo "RAN getIterator\n"; return new ArrayIterator([1]); }
    public function offsetExists(mixed $key): bool { echo "RAN offsetExists\n"; return true; }
    public function offsetGet(mixed $key): mixed { echo "RAN offsetGet\n"; return 1; }
    public function offsetSet(mixed $key, mixed $value): void { echo "RAN offsetSet\n"; }
    public function offsetUnset(mixed $key): void { echo "RAN offsetUnset\n"; }
    public function jsonSerialize(): mixed { echo "RAN jsonSerialize\n"; return 'x'; }
    public function count(): int { echo "RAN count\n"; return 1; }
    public function __get(string $name): mixed { echo "RAN __get\n"; return 1; }
}
enum Suit: string { case Hearts = 'H'; }

$deep = 'bottom';
for ($i = 0; $i < 100000; ++$i) {
    $deep = [$deep];
}
$recursive = ['a' => 1];
$recursive['self'] = &$recursive;
$word = 'referenced';
$list = ['one', 'two'];
$items = range(1, 70);

$kinds = ['string', 'integer', 'number', 'boolean', 'list', 'uid', 'path', 'ip'];
$key = static fn (string $id): string => '"' . hash_hmac('sha256', $id, 'a key of the test suite') . '"';
$null = array_fill_keys($kinds, 'null');
// value => what each kind makes of it; a kind that is not named: null
$cases = [
    'null' => [null, ['uid' => '""']],
    'true' => [true, ['boolean' => 'true']],
    'false' => [false, ['boolean' => 'false']],
    'zero' => [0, ['string' => '"0"', 'integer' => '0', 'number' => '0', 'boolean' => 'false', 'uid' => '""']],
    'one' => [1, ['string' => '"1"', 'integer' => '1', 'number' => '1', 'boolean' => 'true', 'uid' => $key('1')]],
    'negative' => [-42, ['string' => '"-42"', 'integer' => '-42', 'number' => '-42', 'uid' => $key('-42')]],
    'largest' => [PHP_INT_MAX, ['string' => '"9223372036854775807"', 'integer' => '9223372036854775807',
        'number' => '9223372036854775807', 'uid' => $key('9223372036854775807')]],
    'smallest' => [PHP_INT_MIN, ['string' => '"-9223372036854775808"', 'integer' => '-9223372036854775808',
        'number' => '-9223372036854775808', 'uid' => $key('-9223372036854775808')]],
    'fraction' => [1523.4, ['number' => '1523.4']],
    'whole float' => [200.0, ['integer' => '200', 'number' => '200.0']],
    'tiny' => [5e-324, ['number' => '5e-324']],
    'huge' => [1.7976931348623157e308, ['number' => '1.7976931348623157e+308']],
    'minus zero' => [-0.0, ['integer' => '0', 'number' => '-0.0']],
    'NAN' => [NAN, []],
    'INF' => [INF, []],
    '-INF' => [-INF, []],
    'empty string' => ['', ['string' => '""', 'uid' => '""', 'path' => '""', 'ip' => '""']],
    'digits' => ['42', ['string' => '"42"', 'integer' => '42', 'uid' => $key('42'), 'path' => '"42"', 'ip' => '"42"']],
    'word' => ['word', ['string' => '"word"', 'uid' => $key('word'), 'path' => '"word"', 'ip' => '"word"']],
    'not UTF-8' => ["a\xff\xfe\xc3(", ['string' => "\"a\u{FFFD}\u{FFFD}\u{FFFD}(\"", 'uid' => $key("a\xff\xfe\xc3("),
        'path' => "\"a\u{FFFD}\u{FFFD}\u{FFFD}(\"", 'ip' => "\"a\u{FFFD}\u{FFFD}\u{FFFD}(\""]],
    'control characters' => ["\0\n\r\t\x08\x0c\x1f\"\\/\x7f", ['string' => '"\u0000\n\r\t\b\f\u001f\"\\\\/' . "\x7f\"",
        'uid' => $key("\0\n\r\t\x08\x0c\x1f\"\\/\x7f"), 'path' => '"\u0000\n\r\t\b\f\u001f\"\\\\/' . "\x7f\"",
        'ip' => '"\u0000\n\r\t\b\f\u001f\"\\\\/' . "\x7f\""]],
    '1 MB' => [str_repeat('x', 1000000), ['string' => '"' . str_repeat('x', 1024) . '"', 'uid' => $key(str_repeat('x', 1000000)),
        'path' => '"' . str_repeat('x', 1024) . '"', 'ip' => '"' . str_repeat('x', 1024) . '"']],
    'empty list' => [[], ['list' => '[]']],
    'list' => [['a', 'b'], ['list' => '["a","b"]']],
    'map' => [['x' => 'a', 'y' => 'b'], ['list' => '["a","b"]']],
    'list of everything' => [['a', 1, null, 1.5, true, ['x'], new Talker, NAN, "\xff", ''], ['list' => "[\"a\",\"1\",\"\u{FFFD}\",\"\"]"]],
    '64 items' => [array_slice($items, 0, 64), ['list' => json_encode(array_map('strval', array_slice($items, 0, 64)))]],
    '70 items' => [$items, ['list' => json_encode(array_map('strval', array_slice($items, 0, 64)))]],
    '100,000 deep' => [$deep, ['list' => '[]']],
    'recursive array' => [$recursive, ['list' => '["1"]']],
    'object' => [new stdClass, []],
    'object that talks' => [new Talker, []],
    'closure' => [static function () { echo "RAN the closure\n"; }, []],
    'generator' => [(static function () { echo "RAN the generator\n"; yield 1; })(), []],
    'enum' => [Suit::Hearts, []],
    'resource' => [STDERR, []],
    'reference to a string' => [&$word, ['string' => '"referenced"', 'uid' => $key('referenced'), 'path' => '"referenced"',
        'ip' => '"referenced"']],
    'reference to a list' => [&$list, ['list' => '["one","two"]']],
];
foreach ($kinds as $kind) {
    $directory = scratch($kind);
    $recorder = new Recorder($directory, ['uid_key' => 'a key of the test suite', 'signals' => [one_label($kind)]]);
    foreach ($cases as $name => [&$value, $expected]) {
        $expected += $null;
        same('{"value":' . $expected[$kind] . '}', recorded($recorder, $directory, "test.$kind", ['value' => &$value]), "$name as $kind");
    }
    unset($value);
    same([], $recorder->stats()['dropped'], "nothing was dropped of $kind");
    same(count($cases), count(events($directory)), "every line of $kind is valid JSON");
}
// PHP frees nested arrays by recursion, and 100,000 levels may be more than the C stack: take them apart one by one.
unset($cases);
while (is_array($deep)) {
    $deep = $deep[0];
}
done();
?>
--EXPECT--
320 checks made
