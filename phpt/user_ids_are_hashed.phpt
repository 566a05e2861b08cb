--TEST--
A user id is HMAC-SHA256 hex under uid_key; the anonymous user has none; a raw id is never written
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

$key = 'entity-secret-of-the-test';
$directory = scratch();
$recorder = new Recorder($directory, ['uid_key' => $key]);
$hash = static fn (string $id): string => hash_hmac('sha256', $id, $key);

foreach ([1, 2, 42, PHP_INT_MAX, -1, PHP_INT_MIN] as $id) {
    same($hash((string) $id), $recorder->hashId($id), "hashId($id)");
    same($hash((string) $id), $recorder->hashId((string) $id), "hashId('$id')");
}
same($hash('a name'), $recorder->hashId('a name'), 'hashId of a name');
same($hash("\0\xff"), $recorder->hashId("\0\xff"), 'hashId of bytes');
// Hashes are remembered for a while: under their own id, whichever others share its place, and under their own key.
$several = [...range(1, 200), ...array_map(fn (int $size): string => str_repeat('7', $size), range(1, 40))];
shuffle($several);
$expected = array_map(fn (int|string $id): string => $hash((string) $id), [...$several, ...array_reverse($several)]);
same($expected, array_map($recorder->hashId(...), [...$several, ...array_reverse($several)]), 'many ids, twice');
$changed = new Recorder($directory, ['uid_key' => strrev($key)]);
same(hash_hmac('sha256', '42', strrev($key)), $changed->hashId(42), 'another key');
$recorder = new Recorder($directory, ['uid_key' => $key]);
same($hash('42'), $recorder->hashId(42), 'the first key again');
same('', $recorder->hashId(0), 'hashId(0)');
same('', $recorder->hashId('0'), "hashId('0')");
same('', $recorder->hashId(''), "hashId('')");

foreach ([['uid', 42], ['uid', '42'], ['actor_uid', 42], ['actor_uid', '42']] as [$label, $id]) {
    same('{"' . $label . '":"' . $hash('42') . '"}', recorded($recorder, $directory, 'user.deleted', [$label => $id]), "$label");
}
foreach ([0, '0', '', null] as $nobody) {
    same('{"uid":""}', recorded($recorder, $directory, 'user.deleted', ['uid' => $nobody]), 'anonymous: ' . shown($nobody));
}
// Whoever hashed it already gave the hash; it is not hashed twice.
same('{"uid":"' . $hash('42') . '"}', recorded($recorder, $directory, 'user.deleted', ['uid' => $recorder->hashId(42)]), 'a hash stays');
// Looks like a hash, is none: upper case and 63 digits are hashed like any other text.
$almost = strtoupper($hash('42'));
same('{"uid":"' . $hash($almost) . '"}', recorded($recorder, $directory, 'user.deleted', ['uid' => $almost]), 'upper case is no hash');

// Keys of every allowed length work like hash_hmac's, also beyond SHA-256's block of 64 bytes.
foreach ([16, 63, 64, 65, 256] as $length) {
    $other = new Recorder(scratch("key-$length"), ['uid_key' => str_repeat('k', $length)]);
    same(hash_hmac('sha256', '42', str_repeat('k', $length)), $other->hashId(42), "a key of $length bytes");
}

// Credentials lend their secret, and nothing of them is left for the next Recorder without.
$credentials = new Logystera\Agent\Credentials('http://127.0.0.1:1', 'ent_test', $key);
same($hash('42'), (new Recorder(scratch('lent'), ['uid_key' => $credentials]))->hashId(42), 'the secret of credentials');
unset($credentials);
same($hash('43'), (new Recorder(scratch('lent'), ['uid_key' => $key]))->hashId(43), 'the same key as a string');

// Without a key the directory makes one of its own and keeps it.
$own = new Recorder(scratch('own'));
$file = scratch('own') . '/uid.key';
same(1, preg_match('/^[0-9a-f]{64}$/D', file_get_contents($file)), 'the key file holds 64 hex digits');
same(0600, fileperms($file) & 07777, 'its mode');
same(hash_hmac('sha256', '42', file_get_contents($file)), $own->hashId(42), 'the ids are hashed with it');
$again = run('echo (new Logystera\Agent\Recorder(' . var_export(scratch('own'), true) . '))->hashId(42);');
same($own->hashId(42), $again, 'another process hashes alike');
same(['uid.key'], array_values(array_filter(scandir(scratch('own')), static fn (string $name): bool => str_starts_with($name, 'uid'))),
    'nothing else is left behind');
done();
?>
--EXPECT--
42 checks made
