--TEST--
The secret of Credentials, or a Secret, is in no dump, export, trace, cast or phpinfo; sealed text opens with its key alone
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\{Credentials, Dispatcher, Recorder, Secret};
use Logystera\Agent\Exception\InvalidOption;

const SECRET = 'hunter2-hunter2-hunter2';
const KEY = 'a key outside of the database';
$credentials = new Credentials('https://gateway.example/', 'ent_test', SECRET);
same('https://gateway.example', $credentials->gatewayUrl(), 'the URL, without its slash');
same('ent_test', $credentials->entityToken(), 'the token');
same(1, preg_match('/^[0-9a-f]{64}$/D', $credentials->fingerprint()), 'the fingerprint');
same($credentials->fingerprint(), (new Credentials('https://gateway.example', 'ent_test', SECRET))->fingerprint(), 'is the same for the same');
foreach ([['https://other.example', 'ent_test', SECRET], ['https://gateway.example', 'ent_other', SECRET],
    ['https://gateway.example', 'ent_test', SECRET . 'x']] as $other) {
    holds($credentials->fingerprint() !== (new Credentials(...$other))->fingerprint(), 'and another for another');
}

function output(callable $work): string
{
    ob_start();
    $work();
    return ob_get_clean();
}
$password = new Secret(SECRET);
same(SECRET, $password->reveal(), 'whoever asks for it gets it');
$dispatcher = new Dispatcher(scratch(), $credentials, ['proxy' => 'http://user@proxy.example', 'proxy_password' => $password]);
$recorder = new Recorder(scratch('recorder'), ['uid_key' => SECRET]);
foreach ([$credentials, $password, $dispatcher, $recorder] as $object) {
    $shown = output(static function () use ($object): void {
        var_dump($object);
        print_r($object);
        var_export($object);
        debug_zval_dump($object);
        echo json_encode($object), implode((array) $object), print_r(get_object_vars($object), true), new ReflectionObject($object);
        phpinfo();
    });
    holds(!str_contains($shown, SECRET), get_class($object) . ' shows no secret');
    holds(strlen($shown) > 1000, 'something was shown');
}
foreach ([fn () => new Credentials('ftp://x', 'ent_test', SECRET), fn () => new Credentials('https://x', 'bad token', SECRET),
    fn () => new Credentials('https://x', 'ent_test', SECRET . "\n"), fn () => $credentials->seal('short'),
    fn () => Credentials::unseal('no sealed text', SECRET), fn () => new Recorder(scratch(), ['uid_key' => SECRET, 'no_such' => 1]),
    fn () => new Secret(str_repeat(SECRET, 100)), fn () => $password->seal('short', 'purpose'), fn () => $password->seal(SECRET, ''),
    fn () => Secret::unseal('no sealed text', SECRET, 'purpose'),
    fn () => new Dispatcher(scratch(), $credentials, ['proxy' => 'http://user:' . SECRET . '@proxy.example:99999']),
    fn () => new Dispatcher(scratch(), $credentials, ['proxy' => 'http://user@proxy.example', 'proxy_password' => SECRET]),
    fn () => new Dispatcher(scratch(), $credentials, ['proxy_password' => $password]),
    fn () => new Dispatcher(scratch(), $credentials, ['proxy' => 'http://user:' . SECRET . '@proxy.example', 'no_such' => 1])] as $wrong) {
    try {
        $wrong();
        holds(false, 'refused');
    } catch (InvalidOption $thrown) {
        holds(!str_contains($thrown . print_r($thrown->getTrace(), true), SECRET), 'no secret in message or trace', (string) $thrown);
    }
}

$sealed = $credentials->seal(KEY);
holds($sealed !== $credentials->seal(KEY), 'sealing twice gives two texts');
holds(!str_contains(base64_decode($sealed), SECRET) && !str_contains($sealed, SECRET), 'no secret in the sealed text');
$opened = Credentials::unseal($sealed, KEY);
same($credentials->fingerprint(), $opened->fingerprint(), 'opened again');
refused(InvalidOption::class, '', fn () => Credentials::unseal($sealed, KEY . 'x'));
$bytes = base64_decode($sealed);
for ($i = 0; $i < strlen($bytes); ++$i) {
    $changed = $bytes;
    $changed[$i] = chr(ord($changed[$i]) ^ 1);
    refused(InvalidOption::class, '', fn () => Credentials::unseal(base64_encode($changed), KEY));
    refused(InvalidOption::class, '', fn () => Credentials::unseal(base64_encode(substr($bytes, 0, $i)), KEY));
}
$purpose = 'proxy http://user@proxy.example';
$sealed = $password->seal(KEY, $purpose);
holds($sealed !== $password->seal(KEY, $purpose), 'sealing twice gives two texts');
holds(!str_contains(base64_decode($sealed), SECRET) && !str_contains($sealed, SECRET), 'no secret in the sealed text');
same(SECRET, Secret::unseal($sealed, KEY, $purpose)->reveal(), 'opened again');
refused(InvalidOption::class, 'enter it again', fn () => Secret::unseal($sealed, KEY . 'x', $purpose));
refused(InvalidOption::class, 'enter it again', fn () => Secret::unseal($sealed, KEY, $purpose . ':3128'));
refused(InvalidOption::class, 'connect the site again', fn () => Credentials::unseal($sealed, KEY));
refused(InvalidOption::class, 'enter it again', fn () => Secret::unseal($credentials->seal(KEY), KEY, $purpose));
refused(InvalidOption::class, 'secret: must have 1-1024 bytes', fn () => new Secret(''));
same("\0", (new Secret("\0"))->reveal(), 'any byte');
$credentials->__construct('https://second.example', 'ent_second', SECRET);
same('ent_second', $credentials->entityToken(), 'the constructor called again replaces what was');
done();
?>
--EXPECT--
390 checks made
