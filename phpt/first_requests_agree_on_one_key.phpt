--TEST--
16 processes that make the first Recorder of a directory at once all get one, with the same key
--EXTENSIONS--
logystera
pcntl
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

for ($round = 0; $round < 20; ++$round) {
    $directory = scratch("round-$round");
    $answers = scratch("answers-$round");
    mkdir($directory, 0700);
    $start = microtime(true) + 0.02;
    $children = [];
    for ($i = 0; $i < 16; ++$i) {
        $child = pcntl_fork();
        if ($child === 0) {
            while (microtime(true) < $start);
            try {
                $answer = (new Recorder($directory))->hashId(42);
            } catch (Throwable $thrown) {
                $answer = $thrown->getMessage();
            }
            file_put_contents($answers, "$answer\n", FILE_APPEND | LOCK_EX);
            exit(0);
        }
        $children[] = $child;
    }
    foreach ($children as $child) {
        pcntl_waitpid($child, $status);
    }
    $hashes = array_count_values(file($answers, FILE_IGNORE_NEW_LINES));
    same([hash_hmac('sha256', '42', file_get_contents("$directory/uid.key")) => 16], $hashes, "round $round");
}

// A key file that was damaged is not used.
foreach (['', str_repeat("\0", 64), str_repeat('x', 64), 'abc'] as $damaged) {
    file_put_contents("$directory/uid.key", $damaged);
    $output = run('try { new Logystera\Agent\Recorder(' . var_export($directory, true) . '); } catch (Throwable $thrown) { echo $thrown->getMessage(); }');
    same("$directory/uid.key: is not 64 hex digits; remove it to have a new key made (user hashes will change)", $output, 'a damaged key');
}
done();
?>
--EXPECT--
24 checks made
