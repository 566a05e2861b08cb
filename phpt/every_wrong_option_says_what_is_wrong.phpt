--TEST--
Each wrong option of a Recorder throws InvalidOption and names the option, what it should be and what came; a content is never repeated
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Exception\InvalidOption;
use Logystera\Agent\Recorder;

$label = static fn (array $label): array => ['signals' => [['type' => 'a.b', 'cap' => 1, 'labels' => [$label]]]];
$declared = static fn (array $labels): array => ['signals' => [['type' => 'a.b', 'cap' => 1, 'labels' => $labels]]];
$wrong = [
    // options, part of the message
    [['no_such' => 1], "there is no option 'no_such'; known are enabled, toggles, signals, uid_key, root, anonymize_ip, max_events, durability, share and allow_network_fs"],
    [['x'], 'options must be named; a list was given'],
    [['enabled' => 'config.save'], "option 'enabled' must be a list of signal types, a string of 11 bytes given"],
    [['enabled' => true], "option 'enabled' must be a list of signal types, bool given"],
    [['enabled' => [1]], "option 'enabled' must be a list of signal types (strings), integer 1 given"],
    [['enabled' => array_fill(0, 257, 'a.b')], "option 'enabled' has more than 256 types"],
    [['uid_key' => 1], "option 'uid_key' must be Credentials or a string of 16 to 256 bytes, integer 1 given"],
    [['uid_key' => 'fifteen-bytes!!'], "option 'uid_key' must be Credentials or a string of 16 to 256 bytes, a string of 15 bytes given"],
    [['uid_key' => str_repeat('k', 257)], 'a string of 257 bytes given'],
    [['uid_key' => null], "option 'uid_key' must be Credentials or a string of 16 to 256 bytes, null given"],
    [['anonymize_ip' => 1], "option 'anonymize_ip' must be true or false, integer 1 given"],
    [['max_events' => 0], "option 'max_events' must be an integer from 1 to 200, integer 0 given"],
    [['max_events' => 201], "option 'max_events' must be an integer from 1 to 200, integer 201 given"],
    [['max_events' => '10'], "option 'max_events' must be an integer from 1 to 200, a string of 2 bytes given"],
    [['durability' => 'high'], "option 'durability' must be 'default' or 'critical', a string of 4 bytes given"],
    [['share' => 'all'], "option 'share' must be 'user' or 'group', a string of 3 bytes given"],
    [['share' => []], "option 'share' must be 'user' or 'group', array given"],
    [['allow_network_fs' => 'yes'], "option 'allow_network_fs' must be true or false, a string of 3 bytes given"],
    [['toggles' => 'x'], "option 'toggles' must be an array of groups, a string of 1 bytes given"],
    [['toggles' => ['signals' => true]], "option 'toggles' must be an array of groups, each an array of true and false, bool given"],
    [['toggles' => ['signals' => ['config_save' => 1]]], "option 'toggles' must be true or false for each key, integer 1 given"],
    [['toggles' => [], 'enabled' => []], "option 'toggles' excludes 'enabled': give one of them"],
    [['signals' => [['type' => 'a.b', 'cap' => 1, 'config_key' => 1]]], "option 'signals': config_key of 'a.b' must be a string of at most 128 bytes"],
    [['signals' => [['type' => 'a.b', 'cap' => 1, 'default' => 'yes']]], "option 'signals': default of 'a.b' must be true or false"],
    [['signals' => 'x'], "option 'signals' must be a list of declarations, a string of 1 bytes given"],
    [['signals' => ['a.b']], "option 'signals' must be a list of declarations (arrays), a string of 3 bytes given"],
    [['signals' => [[]]], "option 'signals': a declaration has no type (string)"],
    [['signals' => [['type' => 1]]], "option 'signals': a declaration has no type (string)"],
    [['signals' => [['type' => 'a.b']]], "option 'signals': cap of 'a.b' must be 1 to 200"],
    [['signals' => [['type' => 'a.b', 'cap' => 0]]], "option 'signals': cap of 'a.b' must be 1 to 200"],
    [['signals' => [['type' => 'a.b', 'cap' => 201]]], "option 'signals': cap of 'a.b' must be 1 to 200"],
    [['signals' => [['type' => 'a.b', 'cap' => '5']]], "option 'signals': cap of 'a.b' must be 1 to 200"],
    [['signals' => [['type' => 'a.b', 'cap' => 1, 'labels' => 'x']]], "option 'signals' must be declarations whose labels are an array, a string of 1 bytes given"],
    [['signals' => [['type' => 'a.b', 'cap' => 1, 'labels' => ['x']]]], "option 'signals' must be declarations whose labels are name => type, or arrays with name and type"],
    [$label([]), "option 'signals': each label needs a name and a type (strings)"],
    [$label(['name' => 'x']), "option 'signals': each label needs a name and a type (strings)"],
    [$label(['name' => 1, 'type' => 'string']), "option 'signals': each label needs a name and a type (strings)"],
    [$label(['name' => 'x', 'type' => 'text']), "option 'signals': a label's type is string, integer (int), number (float), boolean (bool), list (string[]), uid, path, ip, message or sql, not 'text'"],
    [$declared(['x' => 'text']), "list (string[]), uid, path, ip, message or sql, not 'text'"],
    [$declared(['x' => 'int[]']), "list (string[]), uid, path, ip, message or sql, not 'int[]'"],
    [$declared(['x' => 1]), "option 'signals' must be declarations whose labels are name => type, or arrays with name and type, integer 1 given"],
    [$declared(['X' => 'int']), "signal 'a.b': label 'X' is not lower_snake_case"],
    [$declared(['x' => []]), "option 'signals': each label needs a name and a type (strings)"],
    [$declared(['x' => ['name' => 1, 'type' => 'int']]), "option 'signals': each label needs a name and a type (strings)"],
    [$label(['name' => 'x', 'type' => 'string', 'max_chars' => 0]), "option 'signals': max_chars of label 'x' must be 1 to 1024"],
    [$label(['name' => 'x', 'type' => 'string', 'max_chars' => 1025]), "option 'signals': max_chars of label 'x' must be 1 to 1024"],
    [$label(['name' => 'x', 'type' => 'string', 'max_chars' => '5']), "option 'signals': max_chars of label 'x' must be 1 to 1024"],
    [$label(['name' => 'X', 'type' => 'string']), "signal 'a.b': label 'X' is not lower_snake_case"],
    [$label(['name' => 'x"y', 'type' => 'string']), "is not lower_snake_case"],
    [$label(['name' => '', 'type' => 'string']), "label '' is not lower_snake_case"],
    [$label(['name' => 'a.b', 'type' => 'string']), "is not lower_snake_case"],
    [$label(['name' => str_repeat('x', 65), 'type' => 'string']), "is not lower_snake_case"],
    [['signals' => [['type' => 'ab', 'cap' => 1]]], "signal 'ab': a type is group.name in lower case, at most 64 bytes"],
    [['signals' => [['type' => 'A.b', 'cap' => 1]]], "signal 'A.b': a type is group.name in lower case, at most 64 bytes"],
    [['signals' => [['type' => "a.b\n", 'cap' => 1]]], 'a type is group.name in lower case'],
    [['signals' => [['type' => 'a."b', 'cap' => 1]]], 'a type is group.name in lower case'],
    [['signals' => [['type' => 'a.' . str_repeat('b', 63), 'cap' => 1]]], 'at most 64 bytes'],
    [['signals' => [['type' => 'config.save', 'cap' => 1]]], "signal 'config.save': is declared already"],
    [['signals' => [['type' => 'agent.dropped', 'cap' => 1]]], "signal 'agent.dropped': is declared already"],
    [['signals' => [['type' => 'a.b', 'cap' => 1], ['type' => 'a.b', 'cap' => 1]]], "signal 'a.b': is declared already"],
    [['signals' => [['type' => 'a.b', 'cap' => 1, 'labels' => array_map(
        static fn (int $i): array => ['name' => "l$i", 'type' => 'string'], range(1, 25))]]], "signal 'a.b': has more than 24 labels"],
    [['signals' => array_map(static fn (int $i): array => ['type' => "a.b$i", 'cap' => 1], range(1, 300))],
        'is one too many: at most 256 signals in all'],
];
foreach ($wrong as [$options, $part]) {
    refused(InvalidOption::class, $part, static fn () => new Recorder(scratch(), $options));
}

// Nothing is said of what a key or a path holds.
try {
    new Recorder(scratch(), ['uid_key' => 'hunter2']);
} catch (InvalidOption $thrown) {
    holds(!str_contains($thrown->getMessage() . $thrown->getTraceAsString() . print_r($thrown->getTrace(), true), 'hunter2'),
        'the key is in neither message nor trace');
}

// Limits that are just met.
new Recorder(scratch(), ['uid_key' => str_repeat('k', 16), 'anonymize_ip' => false, 'max_events' => 1, 'durability' => 'default', 'share' => 'user',
    'allow_network_fs' => false, 'enabled' => array_fill(0, 256, 'a.b'),
    'signals' => array_map(static fn (int $i): array => ['type' => "a.b$i", 'cap' => 200], range(1, 256 - count(all_types())))]);
$most = ['type' => 'a.' . str_repeat('b', 62), 'cap' => 1, 'labels' => array_map(
    static fn (int $i): array => ['name' => str_pad("l$i", 64, '_'), 'type' => 'string', 'max_chars' => 1024], range(1, 24))];
$recorder = new Recorder(scratch('most'), ['signals' => [$most]]);
same(true, $recorder->record($most['type'], array_fill_keys(array_column($most['labels'], 'name'), 'x')), 'the largest declaration records');
$recorder->commit();
same(24, count(events(scratch('most'))[0]['labels']), 'with all of its labels');

// A wrong option is noticed while recording is off, too.
$output = run('try { new Logystera\Agent\Recorder("", ["share" => 1]); } catch (Throwable $thrown) { echo get_class($thrown); }',
    ['logystera.enabled' => '0']);
same(InvalidOption::class, $output, 'also when recording is off');

// Wrong PHP types are PHP's own errors.
refused(TypeError::class, '__construct', static fn () => new Recorder([]));
refused(ArgumentCountError::class, '__construct', static fn () => new Recorder());
done();
?>
--EXPECT--
132 checks made
