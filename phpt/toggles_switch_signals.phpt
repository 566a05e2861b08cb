--TEST--
Signals are switched by the toggles of their configuration keys, and by the list of types
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';
use Logystera\Agent\Recorder;

$directory = scratch();
$own = ['type' => 'test.own', 'cap' => 5, 'config_key' => 'shop.own', 'default' => false, 'labels' => []];
$types = ['config.save', 'config.delete', 'user.role_changed', 'user.blocked', 'cache.flush', 'email.sent', 'agent.changed', 'test.own'];

function wanted(array $options): string {
  global $directory, $own, $types;
  $recorder = new Recorder($directory, $options + ['signals' => [$own]]);
  return implode(' ', array_filter($types, fn($type) => $recorder->wants($type)));
}

echo 'defaults: ', wanted([]), "\n";
echo 'no toggles: ', wanted(['toggles' => []]), "\n";
echo 'null: ', wanted(['toggles' => null]), "\n";
echo 'some: ', wanted(['toggles' => ['signals' => ['config_save' => false, 'user_updated' => false], 'advanced_signals' => ['cache_flush' => true], 'other' => ['x' => true]]]), "\n";
echo 'the same again, one changed: ', wanted(['toggles' => ['signals' => ['config_save' => true, 'user_updated' => false], 'advanced_signals' => ['cache_flush' => true], 'other' => ['x' => true]]]), "\n";
echo 'own: ', wanted(['toggles' => ['shop' => ['own' => true], 'signals' => ['agent_changed' => false]]]), "\n";
echo 'list: ', wanted(['enabled' => ['config.save', 'test.own']]), "\n";
?>
--EXPECT--
defaults: config.save config.delete user.role_changed user.blocked agent.changed
no toggles: config.save config.delete user.role_changed user.blocked agent.changed
null: config.save config.delete user.role_changed user.blocked agent.changed
some: config.delete cache.flush agent.changed
the same again, one changed: config.save config.delete cache.flush agent.changed
own: config.save config.delete user.role_changed user.blocked test.own
list: config.save test.own
