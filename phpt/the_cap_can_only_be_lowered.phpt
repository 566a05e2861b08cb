--TEST--
logystera.max_events_per_request lowers the cap of 200 and cannot raise it
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

$code = '
    $recorder = new Logystera\Agent\Recorder(scratch(), ["signals" => [one_label("integer")]] + (OPTIONS));
    for ($i = 0; $i < 300; ++$i) $recorder->record("test.integer", ["value" => $i]);
    echo $recorder->stats()["recorded"], " ", $recorder->commit(), " ", count(events(scratch()));
';
$settings = ['500' => 200, '201' => 200, '200' => 200, '199' => 199, '7' => 7, '1' => 1, '0' => 1, '-5' => 1, 'many' => 1,
    '99999999999999999999' => 200];
foreach ($settings as $setting => $cap) {
    $output = run(str_replace('OPTIONS', '[]', $code), ['logystera.max_events_per_request' => $setting]);
    same("$cap $cap $cap", $output, "the setting $setting");
}
// The lower of setting and option counts.
foreach ([[50, 10, 10], [10, 50, 10], [200, 200, 200]] as [$setting, $option, $cap]) {
    $output = run(str_replace('OPTIONS', "['max_events' => $option]", $code), ['logystera.max_events_per_request' => $setting]);
    same("$cap $cap $cap", $output, "setting $setting, option $option");
}
done();
?>
--EXPECT--
13 checks made
