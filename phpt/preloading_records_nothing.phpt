--TEST--
A script run by opcache.preload records nothing and makes no directory; the request after it records
--EXTENSIONS--
logystera
--SKIPIF--
<?php
if (!function_exists('opcache_get_status') && !is_file(ini_get('extension_dir') . '/opcache.so')) {
    die('skip there is no opcache');
}
?>
--FILE--
<?php
require __DIR__ . '/include.inc';

$before = scratch('preload');
$after = scratch('request');
file_put_contents(scratch('preload.php'), '<?php
    use Logystera\Agent\{Buffer, Credentials, Dispatcher, Recorder};
    $directory = ' . var_export($before, true) . ';
    $recorder = new Recorder($directory, []);
    echo json_encode([$recorder->wants("config.save"), $recorder->record("config.save", []), $recorder->commit(), $recorder->hashId(1), $recorder->stats()]), "\n";
    $credentials = new Credentials("http://127.0.0.1:9", "ent_test", "hunter2-hunter2-hunter2");
    foreach ([fn () => new Buffer($directory), fn () => new Dispatcher($directory, $credentials), fn () => new Recorder($directory, ["share" => 1])] as $make) {
        try { $make(); echo "made\n"; } catch (Throwable $thrown) { echo get_class($thrown), ": ", $thrown->getMessage(), "\n"; }
    }
');
$settings = ['opcache.enable' => '1', 'opcache.enable_cli' => '1', 'opcache.preload' => scratch('preload.php'),
    'opcache.preload_user' => function_exists('posix_geteuid') && posix_geteuid() === 0 ? 'root' : ''];
$output = run('
    $recorder = new Logystera\Agent\Recorder(' . var_export($after, true) . ');
    echo json_encode([$recorder->wants("config.save"), $recorder->record("config.save", []), $recorder->stats()["recording"]]), "\n";
    new Logystera\Agent\Buffer(' . var_export($after, true) . ');
', $settings, ['opcache'], $status);
same(implode("\n", [
    '[false,false,0,"",{"recording":false,"why_off":"the preload script is no request"}]',
    'Logystera\Agent\Exception\BufferUnavailable: the preload script is no request',
    'Logystera\Agent\Exception\BufferUnavailable: the preload script is no request',
    "Logystera\\Agent\\Exception\\InvalidOption: option 'share' must be 'user' or 'group', integer 1 given",
    '[true,true,true]',
    '',
]), $output, 'what the two scripts see');
same(0, $status, 'both end well');
same(false, file_exists($before), 'preloading made no directory');
same(['config.save' => 1], counts($after), 'the request has recorded');
done();
?>
--EXPECT--
4 checks made
