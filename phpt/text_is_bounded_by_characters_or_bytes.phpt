--TEST--
Text is cut at 200 or 500 characters where the documentation says so and at 1,024 bytes elsewhere, never inside a character
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

$directory = scratch();
$recorder = new Recorder($directory, ['enabled' => ['db.slow_query', 'test.string', 'test.string200'],
    'signals' => [one_label('string'), one_label('string', 200)]]);
$bounds = [['test.string200', 'value', 200, true], ['db.slow_query', 'query', 500, true], ['test.string', 'value', 1024, false]];
foreach ($bounds as [$type, $label, $limit, $in_characters]) {
    $cut = 0;
    foreach (['x', "\u{E9}", "\u{20AC}", "\u{1F600}", '"'] as $character) {
        $room = $in_characters ? $limit : intdiv($limit, strlen($character));
        foreach ([0, 1, $room - 1, $room, $room + 1] as $count) {
            if ($type === 'db.slow_query' && $count !== $room && $count !== $room + 1 || $type === 'db.slow_query' && $character === '"') {
                continue;  // its cap is 20
            }
            $labels = json_decode(recorded($recorder, $directory, $type, [$label => str_repeat($character, $count)]), true);
            same(str_repeat($character, min($count, $room)), $labels[$label], "$type: $count times $character");
            $cut += $count > $room ? 1 : 0;
            same($cut, $recorder->stats()['truncated'] - ($before ??= 0), "$type: $count times $character counted");
        }
    }
    $before += $cut;
}

// The user agent, 200 characters, in its own place: one http.request a request, so each in a PHP of its own.
$ua = run('
    $recorder = new Logystera\Agent\Recorder(scratch("ua"));
    echo recorded($recorder, scratch("ua"), "http.request", ["ua" => str_repeat("\u{20AC}", 201)]), $recorder->stats()["truncated"];
');
same('{"ua":"' . str_repeat("\u{20AC}", 200) . '"}1', $ua, 'the user agent');

// A sequence of four bytes does not fit into the last three bytes; one that is not UTF-8 costs what replaces it.
$labels = json_decode(recorded($recorder, $directory, 'test.string', ['value' => str_repeat('x', 1021) . "\u{1F600}"]), true);
same(str_repeat('x', 1021), $labels['value'], 'no half character at the end');
$labels = json_decode(recorded($recorder, $directory, 'test.string', ['value' => str_repeat('x', 1022) . "\xff"]), true);
same(str_repeat('x', 1022), $labels['value'], 'no half replacement at the end');
$labels = json_decode(recorded($recorder, $directory, 'test.string', ['value' => str_repeat("\xff", 400)]), true);
same(str_repeat("\u{FFFD}", 341), $labels['value'], '341 replacements in 1,024 bytes');
$labels = json_decode(recorded($recorder, $directory, 'test.string', ['value' => str_repeat("\0", 1100)]), true);
same(str_repeat("\0", 1024), $labels['value'], 'counted before escaping');
done();
?>
--EXPECT--
121 checks made
