--TEST--
logystera.enabled, buffer_dir, durability and max_events_per_request do what they say
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

// Recording switched off.
$directory = scratch('off');
$output = run('
    $recorder = new Logystera\Agent\Recorder(' . var_export($directory, true) . ', ["enabled" => ["config.save"]]);
    echo json_encode([$recorder->wants("config.save"), $recorder->record("config.save", []), $recorder->commit(), $recorder->hashId("1"), $recorder->stats()]), "\n";
    foreach ([["no_such" => 1], ["max_events" => 0], ["enabled" => [1]], ["signals" => [["type" => "config.save", "cap" => 1]]]] as $options) {
        try { new Logystera\Agent\Recorder("", $options); echo "made\n"; }
        catch (Logystera\Agent\Exception\InvalidOption $thrown) { echo $thrown->getMessage(), "\n"; }
    }
    echo count(Logystera\Agent\Recorder::signals()) > 0 ? "signals" : "none";
', ['logystera.enabled' => '0']);
$said = explode("\n", $output);
same('[false,false,0,"",{"recording":false,"why_off":"logystera.enabled is off"}]', $said[0], 'nothing is recorded');
foreach (["there is no option 'no_such'", "option 'max_events' must be", "option 'enabled' must be", "signal 'config.save': is declared already"] as $i => $part) {
    holds(str_contains($said[$i + 1] ?? '', $part), 'options are checked all the same', $output);
}
same('signals', end($said), 'the catalogue is there');
same(false, file_exists($directory), 'no directory is made');

// The directory of the settings, for whoever names none.
$directory = scratch('default');
$output = run('
    $recorder = new Logystera\Agent\Recorder("");
    echo $recorder->record("config.save", []) ? "recorded " : "refused ", $recorder->commit(), " ";
    echo (new Logystera\Agent\Buffer(""))->events()["total"], " ";
    $credentials = new Logystera\Agent\Credentials("http://127.0.0.1:9", "ent_test", "hunter2-hunter2-hunter2");
    echo json_encode((new Logystera\Agent\Dispatcher("", $credentials))->state()["known"]), " ";
    $other = new Logystera\Agent\Recorder(' . var_export(scratch('named'), true) . ');
    echo $other->record("auth.login", []) ? "recorded" : "refused";
', ['logystera.buffer_dir' => $directory]);
same('recorded 1 1 false recorded', $output, 'an empty name is the directory of the settings');
same([['config.save' => 1], ['auth.login' => 1]], [counts($directory), counts(scratch('named'))], 'a name of its own goes before it');
foreach (['Recorder(""', 'Buffer(""'] as $make) {
    $output = run('try { new Logystera\Agent\\' . $make . '); } catch (Throwable $thrown) { echo get_class($thrown), $thrown->getMessage(); }');
    holds(str_starts_with($output, 'Logystera\Agent\Exception\BufferUnavailable') && str_contains($output, 'not an absolute path'), "without either: $make", $output);
}

// Durability by setting and by option.
$record = static fn (string $directory, string $options): string => '
    $recorder = new Logystera\Agent\Recorder(' . var_export($directory, true) . ", $options);
    for (\$i = 0; \$i < 3; ++\$i) { \$recorder->record('config.save', []); echo \$recorder->commit(); }
    echo ini_get('logystera.durability');
";
foreach ([['critical', '[]'], ['critical', '["durability" => "default"]'], ['default', '["durability" => "critical"]'], ['default', '[]']] as $i => [$setting, $options]) {
    same("111$setting", run($record(scratch("durable-$i"), $options), ['logystera.durability' => $setting]), "$setting with $options commits");
    same(['config.save' => 3], counts(scratch("durable-$i")), "$setting with $options is buffered");
}
foreach (['high', 'CRITICAL', 'critical '] as $i => $wrong) {
    $output = run($record(scratch("wrong-$i"), '[]'), ['logystera.durability' => "\"$wrong\""]);
    holds(str_ends_with($output, '111default'), "the setting '$wrong' is refused: the default stays", $output);
}

// The cap of the settings stays between 1 and 200.
foreach (['5' => 5, '0' => 1, '-3' => 1, '201' => 200, 'many' => 1] as $setting => $cap) {
    $directory = scratch("cap-$cap-" . md5((string) $setting));
    $output = run('$recorder = new Logystera\Agent\Recorder(' . var_export($directory, true) . ', ["signals" => [one_label("string")]]);
        for ($i = 0; $i < 210; ++$i) $recorder->record("test.string", []);', ['logystera.max_events_per_request' => (string) $setting]);
    same(['', $cap], [$output, count(lines($directory))], "max_events_per_request=$setting");
}
done();
?>
--EXPECT--
27 checks made
