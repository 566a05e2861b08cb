--TEST--
A worker of FrankenPHP, whose requests PHP does not end, commits by itself as a command does; a page commits at its end
--EXTENSIONS--
logystera
ffi
--FILE--
<?php
require __DIR__ . '/include.inc';

// Another PHP, under the name of another server.
$as = static function (string $server, string $directory): array {
    $output = run('
        $process = FFI::cdef("typedef struct { char *name; } sapi; extern sapi sapi_module;");
        $name = $process->new("char[32]", false);
        FFI::memcpy($name, ' . var_export("$server\0", true) . ', ' . (strlen($server) + 1) . ');
        $process->sapi_module->name = $process->cast("char *", $name);
        $directory = ' . var_export($directory, true) . ';
        $recorder = new Logystera\Agent\Recorder($directory, ["signals" => [one_label("string", 1024)]]);
        for ($i = 0; $i < 100; ++$i) {
            $recorder->record("test.string1024", ["value" => str_repeat("x", 1024)]);
        }
        $recorder->record("test.unknown");
        $stats = $recorder->stats();
        echo json_encode([$stats["committed"] > 0, $stats["committed"] + $stats["pending"]]);
        ', ['ffi.enable' => '1'], ['ffi']);
    return json_decode($output, true) ?? [$output];
};
foreach (['frankenphp' => true, 'fpm-fcgi' => false, 'apache2handler' => false] as $server => $commits) {
    same([$commits, 100], $as($server, scratch($server)), "$server: committed before its end, and no notice");
    same(100, counts(scratch($server))['test.string1024'], "$server: and at its end");
}
done();
?>
--EXPECT--
6 checks made
