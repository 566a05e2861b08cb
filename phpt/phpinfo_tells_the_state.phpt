--TEST--
phpinfo() tells whether and where is recorded, the cap in force and the state of the default directory; it makes nothing and shows no secret
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

const SECRET = 'hunter2-hunter2-hunter2';

/** The rows of phpinfo() in another PHP, after $code. */
function rows(array $settings, string $code = ''): array
{
    $output = run("$code\nphpinfo(INFO_MODULES);", $settings);
    holds(!str_contains($output, SECRET), 'no secret is shown');
    $section = preg_split('/^logystera$/m', $output)[1] ?? '';
    preg_match_all('/^(.+?) => (.*)$/m', $section, $found);
    return array_combine($found[1], $found[2]);
}

$rows = rows([]);
same(trim(file_get_contents(__DIR__ . '/../VERSION')), $rows['Logystera audit agent'], 'the version');
same('on', $rows['Recording'], 'recording');
same(false, isset($rows['Why it is off']), 'is not off');
same((string) count(Logystera\Agent\Recorder::signals()), $rows['Signal types'], 'the number of signals');
same('200', $rows['Events per request, effective'], 'the cap');
same('none (each application names its own)', $rows['Default buffer directory'], 'no default directory');
same('none yet in this process', $rows['Buffers this process has recorded for'], 'nothing recorded');
same('never shown', $rows['Keys and secrets'], 'keys');
holds(preg_match('/^\d+\.\d+/', $rows['libcurl']) === 1 && str_starts_with($rows['OpenSSL'], 'OpenSSL '), 'the libraries');
foreach (ini_get_all('logystera', false) as $name => $value) {
    holds(isset($rows[$name]), "the setting $name");
}

same('on', $rows['Notice of unknown types and labels'], 'told on the command line');
foreach (['0' => 'off', 'Off' => 'off', '1' => 'on', 'On' => 'on'] as $setting => $told) {
    same($told, rows(['logystera.warn' => (string) $setting])['Notice of unknown types and labels'], "logystera.warn=$setting");
}

$rows = rows(['logystera.enabled' => '0']);
same(['off', 'logystera.enabled is off'], [$rows['Recording'], $rows['Why it is off']], 'why it is off');
foreach (['7' => '7', '1000' => '200', '0' => '1'] as $setting => $cap) {
    same($cap, rows(['logystera.max_events_per_request' => (string) $setting])['Events per request, effective'], "the cap of $setting");
}

// The default directory: missing, empty, filled, unusable.
$directory = scratch('default');
$ini = ['logystera.buffer_dir' => $directory];
same('not made yet', rows($ini)['Default buffer directory'], 'a directory that is not there');
same(false, file_exists($directory), 'is not made by looking');
mkdir($directory, 0700);
same(1, preg_match('/^usable, 0 of [1-9]\d{6,} bytes in 0 files$/', rows($ini)['Default buffer directory']), 'an empty one');
$rows = rows($ini, '$recorder = new Logystera\Agent\Recorder("", ["uid_key" => "' . SECRET . '"]); $recorder->record("config.save", []); $recorder->commit();
    new Logystera\Agent\Recorder(' . var_export(scratch('second'), true) . ');');
$size = filesize("$directory/buffer-current.jsonl");
same(1, preg_match("/^usable, $size of [1-9]\\d+ bytes in 1 files$/", $rows['Default buffer directory']), 'one with an event');
same("$directory, " . scratch('second'), $rows['Buffers this process has recorded for'], 'the buffers of the process');
chmod($directory, 0777);
same("unusable: buffer directory $directory: can be written by everybody; run: chmod o-w $directory", rows($ini)['Default buffer directory'], 'one for everybody');
chmod($directory, 02770);
holds(str_starts_with(rows($ini)['Default buffer directory'], 'usable, '), 'one shared with its group by an application');
chmod($directory, 0700);
symlink($directory, scratch('link'));
holds(str_contains(rows(['logystera.buffer_dir' => scratch('link')])['Default buffer directory'], 'is a symbolic link'), 'a link');
done();
?>
--EXPECT--
47 checks made
