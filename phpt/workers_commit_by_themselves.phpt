--TEST--
A worker of FrankenPHP, whose requests PHP does not end, commits by itself as a command does, and its commit() ends a request; a page commits at its end
--EXTENSIONS--
logystera
ffi
--FILE--
<?php
require __DIR__ . '/include.inc';

// Another PHP, under the name of another server.
$as = static function (string $server, string $code, array $settings = []): array {
    $output = run('
        $process = FFI::cdef("typedef struct { char *name; } sapi; extern sapi sapi_module;");
        $name = $process->new("char[32]", false);
        FFI::memcpy($name, ' . var_export("$server\0", true) . ', ' . (strlen($server) + 1) . ');
        $process->sapi_module->name = $process->cast("char *", $name);
        ' . $code, ['ffi.enable' => '1'] + $settings, ['ffi']);
    return json_decode($output, true) ?? [$output];
};
foreach (['frankenphp' => true, 'fpm-fcgi' => false, 'apache2handler' => false] as $server => $is_worker) {
    same([$is_worker, 100], $as($server, '
        $recorder = new Logystera\Agent\Recorder(' . var_export(scratch($server), true) . ', ["signals" => [one_label("string", 1024)]]);
        for ($i = 0; $i < 100; ++$i) {
            $recorder->record("test.string1024", ["value" => str_repeat("x", 1024)]);
        }
        $recorder->record("test.unknown");
        $stats = $recorder->stats();
        echo json_encode([$stats["committed"] > 0, $stats["committed"] + $stats["pending"]]);
        '), "$server: committed before its end, and no notice");
    same(100, counts(scratch($server))['test.string1024'], "$server: and at its end");

    // Requests of a worker: two events of a type whose cap is one, and an unknown type, each.
    $directory = scratch("$server-requests");
    same([$is_worker ? 3 : 1, $is_worker ? 3 : 1, $is_worker ? 3 : 5], $as($server, '
        $notices = $recorded = 0;
        set_error_handler(static function () use (&$notices): bool { return (bool) ++$notices; });
        for ($i = 0; $i < 3; ++$i) {
            $recorder = new Logystera\Agent\Recorder(' . var_export($directory, true) . ', ["signals" => [one_label("integer", null, 1)]]);
            $recorded += (int) $recorder->record("test.integer", ["value" => 1]);
            $recorded += (int) $recorder->record("test.integer", ["value" => 2]);
            $recorder->record("test.unknown");
            $recorder->commit();
        }
        echo json_encode([$recorded, $notices, $recorder->stats()["dropped"]["cap_type"]]);
        ', ['logystera.warn' => '1']), "$server: caps and notices of each request");
    same($is_worker ? 3 : 1, counts($directory)['test.integer'], "$server: events of each request");
}
done();
?>
--EXPECT--
12 checks made
