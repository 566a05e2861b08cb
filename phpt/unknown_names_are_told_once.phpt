--TEST--
An unknown type or label is told once a request: on the command line by default, elsewhere where logystera.warn says so
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

/** The notices of $work. */
function told(callable $work): array
{
    $said = [];
    set_error_handler(static function (int $level, string $message) use (&$said): bool {
        $said[] = ($level === E_USER_NOTICE ? '' : "level $level: ") . $message;
        return true;
    });
    try {
        $work();
    } finally {
        restore_error_handler();
    }
    return $said;
}

$recorder = new Recorder(scratch(), ['signals' => [one_label('string')]]);
$type = "Logystera\\Agent\\Recorder::record(): Unknown signal type '%s', not recorded; Recorder::signals() has the known ones, "
    . "option 'signals' declares others";
$label = "Logystera\\Agent\\Recorder::record(): Signal '%s' has no label '%s', left out; Recorder::signals() has the labels of each";

same([sprintf($type, 'shop.order')], told(static function () use ($recorder): void {
    same(false, $recorder->record('shop.order', ['total' => 1]), 'an unknown type is not recorded');
    same(false, $recorder->record('shop.order', ['other' => 1]), 'nor the second time');
}), 'an unknown type is told once, and its labels not at all');
same([], told(static fn () => $recorder->wants('shop.order')), 'wants() does not tell it again');
same(["Logystera\\Agent\\Recorder::wants(): Unknown signal type 'shop.other', not recorded; Recorder::signals() has the known ones, "
    . "option 'signals' declares others"], told(static fn () => $recorder->wants('shop.other')), 'wants() tells of its own');

same([sprintf($label, 'test.string', 'valeu')], told(static function () use ($recorder): void {
    for ($i = 0; $i < 3; ++$i) {
        same(true, $recorder->record('test.string', ['value' => 'x', 'valeu' => 'y']), 'the event is recorded without the label');
    }
}), 'an unknown label is told once');
same([sprintf($label, 'auth.logout', 'valeu')], told(static fn () => $recorder->record('auth.logout', ['valeu' => 'y'])),
    'of another type once more');
same(["Logystera\\Agent\\Recorder::record(): A label of signal 'test.string' has no name, left out; give name => value"],
    told(static fn () => $recorder->record('test.string', ['x'])), 'a list instead of labels');
same([], told(static fn () => $recorder->record('test.string', ['value' => 'x'])), 'known names: nothing');
same([], told(static fn () => $recorder->record('auth.logout', ['uid' => '7'])), 'nor a type of the catalogue');

// Names come from strangers: bounded, and nothing but printable ASCII.
same([sprintf($type, "a?[31m????" . str_repeat('b', 54))],
    told(static fn () => $recorder->record("a\e[31m\n\0\xc3\xa9" . str_repeat('b', 100))), 'a hostile type');
same([sprintf($label, 'test.string', '%s%n?')], told(static fn () => $recorder->record('test.string', ["%s%n\x07" => 1])),
    'a hostile label');

// A request tells sixteen at most, and four of one call.
$said = told(static function () use ($recorder): void {
    $recorder->record('test.string', array_fill_keys(array_map(static fn (int $i): string => "x$i", range(1, 30)), 1));
});
same(4, count($said), 'of one call');
$said = told(static function () use ($recorder): void {
    for ($i = 0; $i < 100; ++$i) {
        $recorder->record("shop.order$i");
    }
});
same(16, 11 + count($said), 'of the request, those above included', implode("\n", $said));

// An error handler may throw, and may record: it runs after the event is.
$begin = '$recorder = new Logystera\Agent\Recorder(' . var_export(scratch('handled'), true) . ', ["signals" => [one_label("string")]]);';
$output = run($begin . 'set_error_handler(function (int $level, string $message) { throw new ErrorException($message); });
    try { $recorder->record("test.string", ["a" => 1, "b" => 2, "value" => "kept"]); } catch (ErrorException $thrown) { echo "thrown"; }');
same('thrown', $output, 'a handler that throws');
same('kept', events(scratch('handled'))[0]['labels']['value'], 'the event is there');
$output = run($begin . 'set_error_handler(function () use ($recorder) { return $recorder->record("test.string", ["value" => "nested"]); });
    $recorder->record("test.string", ["a" => 1]); echo "on";');
same(['on', 'nested'], [$output, events(scratch('handled'))[2]['labels']['value']], 'a handler that records');
$output = run($begin . 'set_error_handler(function () { exit("left"); }); $recorder->record("test.string", ["a" => 1, "value" => "exit"]);');
same(['left', 'exit'], [$output, events(scratch('handled'))[3]['labels']['value']], 'a handler that ends the request');

// Switched, and off while nothing is recorded.
$code = $begin . '$recorder->record("shop.order"); $recorder->wants("shop.order"); $recorder->record("test.string", ["a" => 1]);';
foreach ([[[], 2], [['logystera.warn' => '1'], 2], [['logystera.warn' => 'auto'], 2], [['logystera.warn' => ''], 0], [['logystera.warn' => '0'], 0], [['logystera.warn' => 'Off'], 0],
    [['logystera.enabled' => '0'], 0]] as [$settings, $count]) {
    same($count, substr_count(run($code, $settings), 'Notice: Logystera'), json_encode($settings) . ' on the command line');
}

// Elsewhere only where it is set: a CGI stands for every web server.
$cgi = dirname(PHP_BINARY) . '/php-cgi' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION;
$cgi = is_executable($cgi) ? $cgi : (is_executable(PHP_BINDIR . '/php-cgi') ? PHP_BINDIR . '/php-cgi' : null);
if ($cgi !== null) {
    $script = scratch('cgi.php');
    file_put_contents($script, "<?php\nrequire " . var_export(__DIR__ . '/include.inc', true) . ";\n$code");
    foreach ([[[], 0], [['logystera.warn' => '1'], 2]] as [$settings, $count]) {
        $command = php_command($settings);
        // Not with the environment of this test: a CGI takes its script from there.
        $command = ['/usr/bin/env', '-i', $cgi, ...array_slice($command, 1)];
        same($count, substr_count(execute([...$command, '-q', $script]), 'Notice: Logystera'), json_encode($settings) . ' of a web server');
    }
} else {
    same(0, 0, 'no php-cgi here');
    same(0, 0, 'no php-cgi here');
}
done();
?>
--EXPECT--
30 checks made
