--TEST--
anonymize_ip keeps the network of an address; without it the address is written as it is
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

$addresses = [
    '192.168.1.100' => '192.168.1.0', '0.0.0.0' => '0.0.0.0', '255.255.255.255' => '255.255.255.0', '127.0.0.1' => '127.0.0.0',
    '2001:db8:1:2:3:4:5:6' => '2001:db8:1:2::', '2001:DB8::1' => '2001:db8::', '::1' => '::', 'fe80::1ff:fe23:4567:890a' => 'fe80::',
    '::ffff:192.168.1.100' => '192.168.1.0', '::ffff:c0a8:164' => '192.168.1.0',
    // What is no address tells nothing.
    '192.168.1' => '', '192.168.1.256' => '', '1.2.3.4, 5.6.7.8' => '', 'host.example' => '', '' => '', ' 1.2.3.4' => '',
    'fe80::1%eth0' => '', "1.2.3.4\n" => '', str_repeat('1', 10000) => '',
];
$plain = new Recorder(scratch('plain'));
$short = new Recorder(scratch('short'), ['anonymize_ip' => true]);
foreach ($addresses as $address => $network) {
    $address = (string) $address;
    $labels = json_decode(recorded($short, scratch('short'), 'auth.login_failed', ['ip' => $address]), true);
    same($network, $labels['ip'], "the network of $address");
    $labels = json_decode(recorded($plain, scratch('plain'), 'auth.login_failed', ['ip' => $address]), true);
    same(substr($address, 0, 1024), $labels['ip'], "$address as it is");
}
done();
?>
--EXPECT--
38 checks made
