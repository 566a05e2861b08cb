--TEST--
When memory runs out while events() builds its answer, the request ends and the worker keeps nothing of it
--EXTENSIONS--
logystera
--SKIPIF--
<?php
if (PHP_OS_FAMILY !== 'Linux') die('skip reads /proc');
if (getenv('USE_ZEND_ALLOC') === '0') die('skip a memory limit needs the allocator of PHP');
?>
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

const ROUNDS = 20;
const GROWTH_BYTES_MAX = 1 << 20;  // what is kept of one answer each time is many times that

// A page of the buffer that is larger than the memory PHP has, by less than two megabytes: newer PHP lets an internal function take as
// much beyond the limit before the request ends, and ends the process beyond that.
$directory = scratch();
$labels = array_map(static fn (int $i): array => ['name' => "label_$i", 'type' => 'string'], range(0, 3));
$recorder = new Recorder($directory, ['signals' => [['type' => 'test.large', 'cap' => 200, 'labels' => $labels]]]);
for ($i = 0; $i < 200; ++$i) {
    $recorder->record('test.large', array_fill_keys(array_column($labels, 'name'), str_repeat('x', 1000)));
    $recorder->commit();
}
same(200, count(lines($directory)), 'events in the buffer');

// One process that serves one request after the other, as a worker does.
file_put_contents(scratch('worker.php'), '<?php
if ($_SERVER["REQUEST_URI"] === "/heap") {
    // What C++ has from the system; PHP has its own, in other mappings.
    preg_match("/\\[heap\\]\\nSize:\\s+(\\d+) kB/", file_get_contents("/proc/self/smaps"), $found);
    exit((string) ($found[1] * 1024));
}
$buffer = new Logystera\Agent\Buffer(' . var_export($directory, true) . ');
gc_mem_caches();
// However much of its first two megabytes this PHP has free: less than the answer needs.
for ($filler = []; memory_get_usage(true) - memory_get_usage() > 300000;) {
    $filler[] = str_repeat("x", 100000);
}
ini_set("memory_limit", (string) memory_get_usage(true));
$buffer->events([], 0, 500);
echo "there was memory enough";
');
$server = stream_socket_server('tcp://127.0.0.1:0');
$address = stream_socket_get_name($server, false);
fclose($server);
$worker = proc_open([...php_command(), '-S', $address, scratch('worker.php')],
    [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'], ['redirect', 1]], $pipes);
$ask = static function (string $path) use ($address): string {
    for ($attempt = 0; $attempt < 500; ++$attempt) {
        $answer = @file_get_contents("http://$address$path", false, stream_context_create(['http' => ['ignore_errors' => true]]));
        if ($answer !== false) {
            return $answer;
        }
        usleep(20000);
    }
    return 'no answer';
};
// The first answers make room that stays.
for ($i = 0; $i < 3; ++$i) {
    $ask('/events');
}
$before = (int) $ask('/heap');
$ended = 0;
for ($i = 0; $i < ROUNDS; ++$i) {
    $ended += (int) str_contains($ask('/events'), 'Allowed memory size');
}
same(ROUNDS, $ended, 'requests that ran out of memory');
$growth = (int) $ask('/heap') - $before;
holds($before > 0 && $growth < GROWTH_BYTES_MAX, 'nothing is left behind', "$growth bytes");
proc_terminate($worker);
proc_close($worker);
done();
?>
--EXPECT--
3 checks made
