--TEST--
A path is written without query string, user ids and tokens, whatever their spelling
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

const KEY = 'entity-secret-of-the-test';
$short = static fn (string $id): string => substr(hash_hmac('sha256', $id, KEY), 0, 12);
$uuid = '9ad113c7-0ff8-4dc6-bb68-1b836a90ea80';
$jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl';
$paths = [
    // Nothing to hide.
    '' => '', '/' => '/', '/node/42' => '/node/42', '/admin/content' => '/admin/content', '//' => '//',
    '/user' => '/user', '/user/' => '/user/', '/user/login' => '/user/login', '/user/password' => '/user/password',
    '/users/42' => '/users/42', '/superuser/42' => '/superuser/42', '/user-guide/42' => '/user-guide/42',
    '/blog/a-very-long-title-of-an-article-about-nothing' => '/blog/a-very-long-title-of-an-article-about-nothing',
    '/blog/release-notes-for-version-2-dot-0' => '/blog/release-notes-for-version-2-dot-0',
    '/taxonomy/term/Internationalization' => '/taxonomy/term/Internationalization',
    '/jsonapi/node/article' => '/jsonapi/node/article', '/100%' => '/100%', '/100%zz/%4' => '/100%zz/%4',
    "/caf\u{E9}/\u{20AC}" => "/caf\u{E9}/\u{20AC}",
    // The query string and the fragment.
    '/search?keys=secret' => '/search', '/user/42?token=x' => '/user/' . $short('42'), '/a#b?c' => '/a', '?q=1' => '',
    '/user/42#b' => '/user/' . $short('42'),
    // User ids.
    '/user/42' => '/user/' . $short('42'), '/user/42/edit' => '/user/' . $short('42') . '/edit', '/user/1/' => '/user/' . $short('1') . '/',
    '/USER/42' => '/USER/' . $short('42'), '/uSeR/42/' => '/uSeR/' . $short('42') . '/', '/de/user/42' => '/de/user/' . $short('42'),
    'user/42' => 'user/' . $short('42'), '/user//42' => '/user//' . $short('42'), '/%75ser/42' => '/%75ser/' . $short('42'),
    '/%75%73%65%72/%34%32' => '/%75%73%65%72/' . $short('42'), '/user/4%32/edit' => '/user/' . $short('42') . '/edit',
    '/user%2F42' => '/user%2F' . $short('42'), '/user%2f42%2fedit' => '/user%2f' . $short('42') . '%2fedit',
    '/user/42%2Fedit' => '/user/' . $short('42') . '%2Fedit', '%2Fuser%2F42' => '%2Fuser%2F' . $short('42'),
    "/user/$uuid" => '/user/' . $short($uuid), "/jsonapi/user/user/$uuid/roles" => '/jsonapi/user/user/' . $short($uuid) . '/roles',
    '/user/user/42' => '/user/user/' . $short('42'), '/user/42/user/43' => '/user/' . $short('42') . '/user/' . $short('43'),
    '/node/42/user' => '/node/42/user',
    // With a format behind the id.
    '/user/42.json' => '/user/' . $short('42') . '.json', '/user/42.xml?_format=x' => '/user/' . $short('42') . '.xml',
    '/user/4%32%2Emp3/edit' => '/user/' . $short('42') . '.mp3/edit', "/jsonapi/user/user/$uuid.json" => '/jsonapi/user/user/' . $short($uuid) . '.json',
    '/user/42.' => '/user/' . $short('42') . '.*', '/user/42.43' => '/user/' . $short('42') . '.*', '/user/42.json.43' => '/user/' . $short('42') . '.*',
    '/user/42.alice@example.org' => '/user/' . $short('42') . '.*', "/user/42.$jwt" => '/user/' . $short('42') . '.*',
    '/user/.json' => '/user/.json', '/user/login.json' => '/user/login.json', '/node/42.json' => '/node/42.json',
    // A login that still works.
    '/user/reset/42/1774211679/AbCdEf/login' => '/user/reset/*', '/user/reset' => '/user/reset/*', '/USER/Reset/1/2/x' => '/USER/Reset/*',
    '/user/%72eset/42/1/x' => '/user/%72eset/*', '/user%2Freset%2F42%2F1774211679%2Fsecret' => '/user%2Freset/*',
    '/user/reset%2F42%2F1%2Fx' => '/user/reset/*', '/de/user/reset/1/2/x?y' => '/de/user/reset/*',
    // Tokens.
    "/verify/$jwt" => '/verify/*', "/verify/$jwt/done" => '/verify/*/done', '/dl/0123456789abcdef0123456789abcdef' => '/dl/*',
    '/dl/0123456789ABCDEF0123' => '/dl/*', '/dl/0123456789abcdef012' => '/dl/0123456789abcdef012',
    '/share/aGVsbG8gd29ybGQhIDEyMzQ1' => '/share/*', '/share/aGVs-G8_d29ybGQhIDEyMzQ1' => '/share/*',
    '/share/aGVsbG8gd29ybGQhIDEyMzQ1%3D%3D' => '/share/*', '/share/%61GVsbG8gd29ybGQhIDEyMzQ1' => '/share/*',
    '/share%2FaGVsbG8gd29ybGQhIDEyMzQ1%2Fx' => '/share%2F*%2Fx',
    '/order/12345678901234567890' => '/order/*',
];
$signal = one_label('path');
$all = array_chunk($paths, 100, true);
foreach ($all as $number => $some) {
    $directory = scratch("buffer-$number");
    $recorder = new Recorder($directory, ['uid_key' => KEY, 'signals' => [$signal]]);
    foreach ($some as $path => $expected) {
        $labels = json_decode(recorded($recorder, $directory, 'test.path', ['value' => (string) $path]), true);
        same($expected, $labels['value'], "the path $path");
    }
}

// Cut at 1,024 bytes, also when hashes make it longer.
$directory = scratch('long');
$recorder = new Recorder($directory, ['uid_key' => KEY, 'signals' => [$signal]]);
foreach (['/' . str_repeat('x', 1023) => 1024, '/' . str_repeat('x/', 512) => 1024, str_repeat('/user/1', 147) => 1024,
    '/%' . str_repeat("\xff", 1100) => 1024, '/user/1/x' . str_repeat("\u{20AC}", 338) => 1024] as $path => $most) {
    $labels = json_decode(recorded($recorder, $directory, 'test.path', ['value' => $path]), true);
    holds(strlen($labels['value']) <= $most && strlen($labels['value']) > $most - 4, 'a long path is cut', (string) strlen($labels['value']));
}
same(4, $recorder->stats()['truncated'], 'the cuts are counted');
done();
?>
--EXPECT--
80 checks made
