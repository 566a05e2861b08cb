--TEST--
Error texts made to break what reads them are recorded, valid and masked
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

$pieces = ['=()', '=(', '()', ')', "'", '"', '\\', "'\\", "\xe2\x80\x98", "\xff", '@', 'a@', '1', '12345678', 'user/1', '/user/1/', '%2f', '%',
    'token=', "token=\0", 'password: ', 'pass=>', 'secret="', 'Bearer ', 'Stack trace:', "\0", "\x1f", "\n", ' ', '{"a":', "}}\n{"];
foreach (['message', 'sql', 'path', 'string'] as $kind) {
    $directory = scratch($kind);
    $recorder = new Recorder($directory, ['uid_key' => 'a key of the test suite', 'signals' => [one_label($kind)]]);
    $expected = 0;
    foreach ($pieces as $piece) {
        foreach ([1024, 4096, 4097] as $size) {
            $text = substr(str_repeat($piece, $size), 0, $size);
            $expected += $recorder->record("test.$kind", ['value' => $text]) ? 1 : 0;
        }
    }
    same(3 * count($pieces), $expected, "every text is recorded as $kind");
    $recorder->commit();
    $events = events($directory);
    same($expected, count($events), "every line of $kind is valid JSON");
    foreach ($events as $event) {
        holds(strlen($event['labels']['value']) <= 1024, "a $kind within its bound");
    }
}
$directory = scratch('nothing');
$recorder = new Recorder($directory, ['uid_key' => 'a key of the test suite', 'signals' => [one_label('message')]]);
foreach (['=()' => '=()', '=(' => '=(', 'Key ()=() is there' => 'Key ()=() is there', '=()(a)=(b)=()' => '=()(a)=(?)=()',
    "password=a\0b c" => 'password=? c'] as $text => $written) {
    same('{"value":' . json_encode($written) . '}', recorded($recorder, $directory, 'test.message', ['value' => $text]), "what is left of $text");
}
done();
?>
--EXPECT--
385 checks made
