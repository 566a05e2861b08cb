--TEST--
After pcntl_fork() each event is delivered once, by the process that recorded it, under an id of its own
--EXTENSIONS--
logystera
pcntl
posix
--FILE--
<?php
require __DIR__ . '/include.inc';

$begin = '
    use Logystera\Agent\Recorder;
    $directory = DIRECTORY;
    $recorder = new Recorder($directory, ["signals" => [one_label("string")]]);
    $say = function (string $who) use ($recorder) { $recorder->record("test.string", ["value" => $who]); };
';
$cases = [
    'child records after fork' => ['$say("parent before"); $child = pcntl_fork();
        if ($child === 0) { $say("child"); exit; } pcntl_waitpid($child, $status); $say("parent after");',
        ['child', 'parent after', 'parent before']],
    'child records nothing' => ['$say("parent"); $child = pcntl_fork(); if ($child === 0) exit; pcntl_waitpid($child, $status);', ['parent']],
    'child commits' => ['$say("parent"); $child = pcntl_fork();
        if ($child === 0) { $say("child"); $recorder->commit(); posix_kill(getmypid(), SIGKILL); } pcntl_waitpid($child, $status);', ['child', 'parent']],
    'child commits what it has not recorded' => ['$say("parent"); $child = pcntl_fork();
        if ($child === 0) { $recorder->commit(); posix_kill(getmypid(), SIGKILL); } pcntl_waitpid($child, $status);', ['parent']],
    'child is killed' => ['$say("parent"); $child = pcntl_fork();
        if ($child === 0) { $say("lost with the process"); posix_kill(getmypid(), SIGKILL); } pcntl_waitpid($child, $status);', ['parent']],
    'parent is gone first' => ['$say("parent"); $child = pcntl_fork(); if ($child === 0) { usleep(50000); $say("child"); exit; }
        $recorder->commit(); pcntl_waitpid($child, $status);', ['child', 'parent']],
    'grandchildren' => ['$say("0"); $depth = 0; while ($depth < 4 && ($child = pcntl_fork()) === 0) { $say((string) ++$depth); $child = null; }
        if ($child !== null) pcntl_waitpid($child, $status);', ['0', '1', '2', '3', '4']],
    'fork before the first event' => ['$child = pcntl_fork(); $say($child === 0 ? "child" : "parent"); if ($child !== 0) pcntl_waitpid($child, $status);',
        ['child', 'parent']],
    'a Recorder made in the child' => ['$say("parent"); $child = pcntl_fork();
        if ($child === 0) { $other = new Recorder($directory, ["signals" => [one_label("string")]]); $other->record("test.string", ["value" => "child"]); exit; }
        pcntl_waitpid($child, $status);', ['child', 'parent']],
    'thirty children' => ['$say("parent"); for ($i = 0; $i < 30; ++$i) { if (pcntl_fork() === 0) { $say("child"); exit; } }
        while (pcntl_wait($status) > 0);', ['child 30', 'parent']],
];
foreach ($cases as $name => [$code, $values]) {
    $directory = scratch(strtr($name, ' ', '-'));
    $output = run(str_replace('DIRECTORY', var_export($directory, true), $begin) . $code, [], ['pcntl', 'posix']);
    same('', $output, "$name: PHP says nothing");
    $events = events($directory);
    $recorded = [];
    foreach (array_count_values(array_map(static fn (array $event): string => $event['labels']['value'], $events)) as $value => $times) {
        $recorded[] = $times === 1 ? (string) $value : "$value $times";
    }
    sort($recorded);
    same($values, $recorded, $name);
    same(count($events), count(array_unique(array_column($events, 'event_id'))), "$name: ids");
}
done();
?>
--EXPECT--
30 checks made
