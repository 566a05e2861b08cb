--TEST--
Whatever ends a request, what it recorded is in the buffer: normal end, exit, errors, exceptions, no memory, no time, shutdown code
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

$begin = '$recorder = new Logystera\Agent\Recorder($directory, ["signals" => [one_label("string")], "enabled" => ["test.string"]]);
    $recorder->record("test.string", ["value" => "first"]);';
$ends = [
    // name => [code, values recorded, part of what PHP says]
    'normal end' => ['', ['first'], ''],
    'exit' => ['exit(3);', ['first'], ''],
    'exit in a function' => ['function leave() { die("bye"); } leave();', ['first'], 'bye'],
    'exit in a destructor' => ['class A { function __destruct() { exit; } } $a = new A; unset($a);', ['first'], ''],
    'fatal error' => ['no_such_function();', ['first'], 'Call to undefined function'],
    'uncaught exception' => ['throw new Exception("oops");', ['first'], 'oops'],
    'E_USER_ERROR' => ['trigger_error("mine", E_USER_ERROR);', ['first'], 'mine'],
    'compile error' => ['eval("class X extends NoSuchClass {}");', ['first'], 'NoSuchClass'],
    'uncompilable file' => ['file_put_contents(scratch("broken.php"), "<?php class {"); require scratch("broken.php");', ['first'], 'syntax error'],
    'memory in a loop' => ['ini_set("memory_limit", "4M"); $all = []; while (true) { $all[] = str_repeat("x", 10000); }', ['first'], 'Allowed memory size'],
    'memory while recording' => ['ini_set("memory_limit", "4M"); $all = [];
        while (true) { $all[] = $recorder->record("test.string", ["value" => str_repeat("x", 1000000)]) ? str_repeat("y", 100000) : ""; }',
        null, 'Allowed memory size'],
    'time' => ['set_time_limit(1); while (true) {}', ['first'], 'Maximum execution time'],
    'infinite recursion' => ['ini_set("memory_limit", "8M"); function again($x) { return again([$x]) + 1; } again(1);', ['first'], 'Allowed memory size'],
    'shutdown function' => ['register_shutdown_function(function () use ($recorder) { $recorder->record("test.string", ["value" => "later"]); });',
        ['first', 'later'], ''],
    'shutdown function after a fatal error' => ['register_shutdown_function(function () use ($recorder) {
        $recorder->record("test.string", ["value" => error_get_last()["message"] ?? "none"]); }); trigger_error("mine", E_USER_ERROR);',
        ['first', 'mine'], 'mine'],
    'shutdown function that exits' => ['register_shutdown_function(function () use ($recorder) {
        $recorder->record("test.string", ["value" => "later"]); exit; });', ['first', 'later'], ''],
    'destructor' => ['class Late { function __construct(public $recorder) {} function __destruct() {
        $this->recorder->record("test.string", ["value" => "destructor"]); } } $late = new Late($recorder);', ['first', 'destructor'], ''],
    'output callback' => ['ob_start(function ($text) use ($recorder) { $recorder->record("test.string", ["value" => "output"]); return $text; }); echo "x";',
        ['first', 'output'], 'x'],
    'the recorder is gone before the end' => ['unset($recorder);', ['first'], ''],
    'the constructor is called again' => ['$recorder->__construct($directory, ["signals" => [one_label("string")], "enabled" => ["test.string"]]);
        $recorder->record("test.string", ["value" => "again"]);', ['first', 'again'], ''],
    'the constructor is called again and fails' => ['try { $recorder->__construct("x"); } catch (Throwable) {}
        $recorder->record("test.string", ["value" => "still"]);', ['first', 'still'], ''],
];
foreach ($ends as $name => [$code, $values, $said]) {
    $directory = scratch(strtr($name, ' ', '-'));
    $output = run('$directory = ' . var_export($directory, true) . ";\n$begin\n$code");
    holds($said === '' ? $output === '' : str_contains($output, $said), "$name: what PHP says", $output);
    $recorded = array_map(static fn (array $event): string => substr($event['labels']['value'], 0, 20), events($directory));
    if ($values === null) {
        holds(count($recorded) > 3, "$name: recorded", (string) count($recorded));
    } else {
        same($values, $recorded, "$name: recorded");
    }
}
done();
?>
--EXPECT--
42 checks made
