--TEST--
Drops that could not be written down before pcntl_fork() are counted once, by the parent
--EXTENSIONS--
logystera
pcntl
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Buffer;

$begin = '
    use Logystera\Agent\Recorder;
    $directory = DIRECTORY;
    $recorder = new Recorder($directory, ["signals" => [one_label("string")]]);
    rename($directory, "$directory.away");
    for ($i = 0; $i < 3; ++$i) $recorder->record("test.string", ["value" => "lost"]);
    if ($recorder->commit() !== 0) echo "something was committed\n";
    rename("$directory.away", $directory);
';
$cases = [
    'child records' => '$child = pcntl_fork(); $recorder->record("test.string", ["value" => "kept"]);
        if ($child !== 0) pcntl_waitpid($child, $status);',
    'child makes a Recorder' => '$child = pcntl_fork(); if ($child === 0) $recorder = new Recorder($directory, ["signals" => [one_label("string")]]);
        $recorder->record("test.string", ["value" => "kept"]); if ($child !== 0) pcntl_waitpid($child, $status);',
    'child commits' => '$child = pcntl_fork(); $recorder->record("test.string", ["value" => "kept"]); $recorder->commit();
        if ($child !== 0) pcntl_waitpid($child, $status);',
];
foreach ($cases as $name => $code) {
    $directory = scratch(strtr($name, ' ', '-'));
    same('', run(str_replace('DIRECTORY', var_export($directory, true), $begin) . $code, [], ['pcntl']), "$name: PHP says nothing");
    same(['test.string' => 2], counts($directory), "$name: events");
    $dropped = (new Buffer($directory))->stats()['dropped'];
    same(['unavailable' => 3], array_map(static fn (array $drop): int => $drop['count'], $dropped), "$name: drops");
}
done();
?>
--EXPECT--
9 checks made
