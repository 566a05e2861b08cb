--TEST--
The library exports get_module alone and needs no static TLS, so that it loads into any running PHP
--EXTENSIONS--
logystera
--SKIPIF--
<?php
if (!is_executable('/usr/bin/readelf') || !is_executable('/usr/bin/nm')) die('skip needs readelf and nm');
?>
--FILE--
<?php
require __DIR__ . '/include.inc';

$file = module_path();
$exports = [];
foreach (explode("\n", trim(execute(['/usr/bin/nm', '-D', '--defined-only', $file]))) as $line) {
    [, $kind, $name] = explode(' ', $line);
    // A version of the symbol table is no symbol (kind A).
    if ($kind !== 'A') {
        $exports[] = preg_replace('/@.*/', '', $name);
    }
}
same(['get_module'], $exports, 'exported symbols');
$flags = execute(['/usr/bin/readelf', '-d', $file]);
holds(str_contains($flags, 'NEEDED'), 'readelf shows the dynamic section');
holds(!str_contains($flags, 'STATIC_TLS'), 'no static TLS');
holds(!str_contains($flags, 'RPATH') && !str_contains($flags, 'RUNPATH'), 'no library path of the build machine');
$segments = execute(['/usr/bin/readelf', '-lW', $file]);
holds(str_contains($segments, 'GNU_RELRO'), 'read-only relocations');
holds((bool) preg_match('/GNU_STACK\s.*\bRW /', $segments), 'no executable stack');
holds(!str_contains(execute(['/usr/bin/readelf', '-sW', $file]), 'UNIQUE'), 'no unique symbols, which would forbid unloading');
done();
?>
--EXPECT--
7 checks made
