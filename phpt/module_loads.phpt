--TEST--
The module loads and declares its classes, exceptions and settings
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

$module = new ReflectionExtension('logystera');
same('logystera', $module->getName(), 'the name');
same(trim(file_get_contents(__DIR__ . '/../VERSION')), $module->getVersion(), 'the version is that of the file VERSION');
$names = $module->getClassNames();
sort($names);
same([
    'Logystera\Agent\Buffer',
    'Logystera\Agent\Credentials',
    'Logystera\Agent\Dispatcher',
    'Logystera\Agent\Exception\AgentException',
    'Logystera\Agent\Exception\BufferUnavailable',
    'Logystera\Agent\Exception\InvalidOption',
    'Logystera\Agent\Recorder',
    'Logystera\Agent\Secret',
], $names, 'the classes');
same([], $module->getFunctions(), 'no functions');
same([], $module->getConstants(), 'no constants');
same([
    'logystera.allow_network_fs' => '0',
    'logystera.buffer_dir' => '',
    'logystera.durability' => 'default',
    'logystera.enabled' => '1',
    'logystera.max_events_per_request' => '200',
    'logystera.warn' => 'auto',
], (static function () { $all = ini_get_all('logystera', false); ksort($all); return $all; })(), 'the settings and their defaults');

use Logystera\Agent\Exception;
same(RuntimeException::class, get_parent_class(Exception\AgentException::class), 'AgentException is a RuntimeException');
same(Exception\AgentException::class, get_parent_class(Exception\InvalidOption::class), 'InvalidOption is an AgentException');
same(Exception\AgentException::class, get_parent_class(Exception\BufferUnavailable::class), 'BufferUnavailable is an AgentException');
done();
?>
--EXPECT--
9 checks made
