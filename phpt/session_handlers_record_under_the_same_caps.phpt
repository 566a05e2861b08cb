--TEST--
What a session handler records after the shutdown functions is committed, and counts towards the same caps
--EXTENSIONS--
logystera
session
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Buffer;

$code = '
    class Handler implements SessionHandlerInterface
    {
        public function __construct(private Logystera\Agent\Recorder $recorder, private int $events) {}
        public function open(string $path, string $name): bool { return true; }
        public function read(string $id): string { return ""; }
        public function write(string $id, string $data): bool { return $this->say("write"); }
        public function close(): bool { return $this->say("close"); }
        public function destroy(string $id): bool { return true; }
        public function gc(int $lifetime): int { return 0; }
        private function say(string $what): bool
        {
            for ($i = 0; $i < $this->events; ++$i) {
                $this->recorder->record("test.string", ["value" => $what]);
            }
            return true;
        }
    }
    $recorder = new Logystera\Agent\Recorder(DIRECTORY, ["signals" => [one_label("string")]]);
    session_set_save_handler(new Handler($recorder, EVENTS), REGISTER);
    session_id("abc");
    session_start();
    $_SESSION["x"] = 1;
    for ($i = 0; $i < FIRST; ++$i) {
        $recorder->record("test.string", ["value" => "request"]);
    }
';
$cases = [
    // as a shutdown function or after all of them, events of the request, of each call; what is buffered
    ['false', 1, 1, ['close' => 1, 'request' => 1, 'write' => 1], 0],
    ['true', 1, 1, ['close' => 1, 'request' => 1, 'write' => 1], 0],
    ['false', 0, 1, ['close' => 1, 'write' => 1], 0],
    ['false', 199, 3, ['request' => 199, 'write' => 1], 5],
    ['true', 200, 2, ['request' => 200], 4],
];
foreach ($cases as $number => [$register, $first, $each, $values, $refused]) {
    $directory = scratch("buffer-$number");
    $output = run(strtr($code, ['DIRECTORY' => var_export($directory, true), 'EVENTS' => $each, 'REGISTER' => $register, 'FIRST' => $first]),
        ['session.use_cookies' => '0', 'session.cache_limiter' => ''], ['session']);
    same('', $output, "case $number: PHP says nothing");
    $recorded = array_count_values(array_map(static fn (array $event): string => $event['labels']['value'], events($directory)));
    ksort($recorded);
    same($values, $recorded, "case $number: what is buffered");
    same($refused, (new Buffer($directory))->stats()['dropped']['cap_type']['count'] ?? 0, "case $number: what is refused");
}
done();
?>
--EXPECT--
15 checks made
