--TEST--
A fatal error becomes one php.fatal: its kind, its file relative to the application, and a message without data
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

$begin = '$recorder = new Logystera\Agent\Recorder($directory, ["root" => dirname(__DIR__ . "/x"), "enabled" => ["php.fatal"]]);';
$ends = [
    // name => [code, [kind, line, message] or null]
    'undefined function' => ['no_such_function();', ['error', 'Uncaught Error: Call to undefined function no_such_function() in {file}:5']],
    'exception with data' => ['throw new Exception("no account \'planted\' for a@example.org, password=planted");',
        ['error', 'Uncaught Exception: no account ? for ?, password=? in {file}:5']],
    'memory' => ['ini_set("memory_limit", "4M"); $all = []; while (true) { $all[] = str_repeat("x", 100000); }', ['memory', 'Allowed memory size of ? bytes exhausted (tried to allocate ? bytes)']],
    'time' => ['set_time_limit(1); while (true) {}', ['timeout', 'Maximum execution time of 1 second exceeded']],
    'parse error' => ['file_put_contents(scratch("broken.php"), "<?php class {"); require scratch("broken.php");', ['error', 'syntax error, unexpected token ?, expecting identifier']],
    'compile error' => ['eval("function twice() {} function twice() {}");', ['error', 'Cannot redeclare twice() (previously declared in {file}(5) : eval()\'d code:1)']],
    'after a shutdown function' => ['register_shutdown_function(function () { echo "down"; }); no_such_function();',
        ['error', 'Uncaught Error: Call to undefined function no_such_function() in {file}:5']],
    'paths of the machine' => ['throw new Exception("cannot read /srv/secret-place/certs/site.pem, see phar:///srv/other/a.phar/b.php:3 and https://example.org/a/b");',
        ['error', 'Uncaught Exception: cannot read site.pem, see phar://b.php:3 and https://example.org/a/b in {file}:5']],
    'handled exception' => ['set_exception_handler(function () {}); throw new Exception("x");', null],
    'handled warning' => ['echo $undefined;', null],
    'E_USER_ERROR' => ['trigger_error("mine", E_USER_ERROR);', null],
    'normal end' => ['', null],
    'exit' => ['exit(1);', null],
    'no recorder' => ['unset($recorder); no_such_function();', ['error', 'Uncaught Error: Call to undefined function no_such_function() in {file}:5']],
];
foreach ($ends as $name => [$code, $expected]) {
    $directory = scratch(strtr($name, ' ', '-'));
    run('$directory = ' . var_export($directory, true) . ";\n$begin\n$code");
    $events = events($directory);
    same($expected === null ? 0 : 1, count($events), "$name: events");
    if ($expected === null || $events === []) {
        continue;
    }
    $labels = $events[0]['labels'];
    same(['php.fatal', ['kind', 'file', 'line', 'message']], [$events[0]['event_type'], array_keys($labels)], "$name: type and labels");
    [$kind, $message] = $expected;
    $said = preg_replace('~(?<![^\s(])script-[^\s(/]*?\.php~', '{file}', $labels['message']);
    $said = $name === 'parse error' || $name === 'memory' ? preg_replace('/\d{6,}|(?<=allocate )\d+/', '?', $said) : $said;
    // PHP 8.4 names the kind; a debug build names its own source.
    $said = preg_replace('~ at \S+:\d+(?= \()~', '', str_replace('redeclare function ', 'redeclare ', $said));
    same([$kind, $message], [$labels['kind'], $said], "$name: what it says");
    holds($labels['line'] > 0 && !str_contains($labels['file'], '/'), "$name: file and line", "{$labels['file']}:{$labels['line']}");
    holds(!str_contains(json_encode($labels), 'planted'), "$name: no data");
    holds(!str_contains(json_encode($labels, JSON_UNESCAPED_SLASHES), sys_get_temp_dir()), "$name: no absolute path");
}

// Off, or before any recorder: nothing, and PHP says what it always says.
$directory = scratch('off');
$output = run('$r = new Logystera\Agent\Recorder(' . var_export($directory, true) . ', ["enabled" => ["config.save"]]); no_such_function();');
same([0, true], [count(glob("$directory/*.jsonl")) === 0 ? 0 : count(events($directory)), str_contains($output, 'no_such_function')], 'off');
$output = run('no_such_function();');
holds(str_contains($output, 'no_such_function'), 'without a recorder');
done();
?>
--EXPECT--
61 checks made
