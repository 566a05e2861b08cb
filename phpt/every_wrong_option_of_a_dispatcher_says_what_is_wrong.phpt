--TEST--
Each wrong option of a Dispatcher throws InvalidOption and names the option and what it should be; a password is never repeated
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\{Buffer, Credentials, Dispatcher, Secret};
use Logystera\Agent\Exception\{BufferUnavailable, InvalidOption};

const SECRET = 'hunter2-hunter2-hunter2';
$credentials = new Credentials('https://gateway.example', 'ent_test', SECRET);
$make = static fn (array $options): Dispatcher => new Dispatcher(scratch(), $credentials, $options);
$proxy = 'proxy: must look like http://proxy.example.com:3128';
$bundle = 'ca_bundle: must be the absolute path of a PEM file';
$agent = 'user_agent: must be printable ASCII of at most 128 characters';
$wrong = [
    [['no_such' => 1], "there is no option 'no_such'; known are batch_size, sent_bytes, proxy, proxy_password, proxy_from_environment, ca_bundle, connect_timeout, "
        . 'timeout, max_seconds, max_requests, user_agent, share and allow_network_fs'],
    [['x'], "there is no option '0'"],
    [['verify' => false], "there is no option 'verify'"],
    [['proxy_from_environment' => 1], "option 'proxy_from_environment' must be true or false, integer 1 given"],
    [['proxy_from_environment' => null], "option 'proxy_from_environment' must be true or false, null given"],
    [['allow_network_fs' => 1], "option 'allow_network_fs' must be true or false, integer 1 given"],
    [['share' => 'all'], "option 'share' must be 'user' or 'group', a string of 3 bytes given"],
    [['proxy' => 'proxy.example:3128'], $proxy], [['proxy' => 'ftp://proxy.example'], $proxy], [['proxy' => 'http://'], $proxy],
    [['proxy' => 'http://a b'], $proxy], [['proxy' => "http://a\r\nX: y"], $proxy], [['proxy' => "http://a\0b"], $proxy],
    [['proxy' => 'http://' . str_repeat('x', 506)], $proxy], [['proxy' => 'HTTP://proxy.example'], $proxy],
    [['proxy' => 'http://user:pass@proxy.example:99999'], $proxy], [['proxy' => 'http://user:pa/ss@proxy example'], $proxy],
    [['proxy_password' => SECRET], "option 'proxy_password' must be a Logystera\\Agent\\Secret, a string of 23 bytes given"],
    [['proxy_password' => $credentials], "option 'proxy_password' must be a Logystera\\Agent\\Secret, "],
    [['proxy_password' => new Secret(SECRET)], 'proxy_password: needs a user in `proxy`'],
    [['proxy' => 'http://user:x@proxy', 'proxy_password' => new Secret(SECRET)], 'proxy_password: needs a user in `proxy`'],
    [['proxy' => 'http://user@proxy', 'proxy_password' => new Secret("a\0b")], 'proxy_password: must have at most 1024 bytes'],
    [['ca_bundle' => 'relative.pem'], $bundle], [['ca_bundle' => "/etc/ssl\0.pem"], $bundle],
    [['user_agent' => "two\nlines"], $agent], [['user_agent' => str_repeat('x', 129)], $agent], [['user_agent' => "\u{E9}"], $agent],
];
foreach (['batch_size' => [9, 501, 0], 'sent_bytes' => [5242881], 'connect_timeout' => [0, 61], 'timeout' => [0, 301], 'max_seconds' => [0, 3601]] as $name => $values) {
    foreach ($values as $value) {
        $wrong[] = [[$name => $value], "$name: must be "];
        $wrong[] = [[$name => $value], ", is $value"];
    }
}
foreach (['batch_size', 'sent_bytes', 'connect_timeout', 'timeout', 'max_seconds', 'max_requests'] as $name) {
    foreach (['-1' => -1, '4294967296' => 4294967296] as $shown => $value) {
        $wrong[] = [[$name => $value], "option '$name' must be a whole number, integer $shown given"];
    }
    foreach ([['50', 'a string of 2 bytes'], [true, 'bool'], [null, 'null'], [[], 'array']] as [$value, $shown]) {
        $wrong[] = [[$name => $value], "option '$name' must be a whole number, $shown given"];
    }
    $wrong[] = [[$name => 50.0], "option '$name' must be a whole number"];
}
foreach (['proxy', 'ca_bundle', 'user_agent'] as $name) {
    foreach ([[1, 'integer 1'], [false, 'bool'], [[], 'array'], [str_repeat('x', 4097), 'a string of 4097 bytes']] as [$value, $shown]) {
        $wrong[] = [[$name => $value], "option '$name' must be a string of at most 4096 bytes, $shown given"];
    }
}
foreach ($wrong as [$options, $part]) {
    refused(InvalidOption::class, $part, static fn () => $make($options));
}
same(false, is_dir(scratch()), 'a refused Dispatcher has made no directory');

// Neither a proxy's password nor the secret is in a message or a trace.
try {
    $make(['proxy' => 'http://user:' . SECRET . '@a b']);
    holds(false, 'refused');
} catch (InvalidOption $thrown) {
    holds(!str_contains($thrown->getMessage(), SECRET), 'no password in the message', $thrown->getMessage());
}

// Limits that are just met.
$least = ['batch_size' => 10, 'sent_bytes' => 0, 'connect_timeout' => 1, 'timeout' => 1, 'max_seconds' => 1, 'max_requests' => 0, 'proxy' => '', 'ca_bundle' => '', 'user_agent' => ''];
$most = ['batch_size' => 500, 'sent_bytes' => 5242880, 'connect_timeout' => 60, 'timeout' => 300, 'max_seconds' => 3600, 'max_requests' => 4294967295,
    'proxy' => 'http://' . str_repeat('x', 505), 'ca_bundle' => '/' . str_repeat('x', 4095), 'user_agent' => str_repeat('~', 128)];
$rest = ['proxy' => null, 'proxy_password' => null, 'ca_bundle' => null, 'user_agent' => null, 'proxy_from_environment' => true, 'share' => 'user', 'allow_network_fs' => false];
foreach ([$least, $most, $rest, []] as $options) {
    same('idle', $make($options)->flush()['status'], 'accepted');
}
foreach (['https://user:pass@proxy.example:3128', 'socks5h://proxy.example', 'socks5://proxy.example:1080', 'http://user:@proxy_1'] as $value) {
    same(false, $make(['proxy' => $value])->state()['suspended'], "the proxy $value");
}

refused(BufferUnavailable::class, 'not an absolute path', static fn () => new Dispatcher('relative', $credentials));
refused(TypeError::class, 'Credentials', static fn () => new Dispatcher(scratch(), new stdClass));
refused(TypeError::class, '__construct', static fn () => new Dispatcher(scratch(), $credentials, 'x'));
done();
?>
--EXPECT--
218 checks made
