--TEST--
A script cannot change a setting: php.ini, a pool or .user.ini decide
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

foreach (ini_get_all('logystera') as $name => $setting) {
    same(false, @ini_set($name, '1'), "$name is not changed");
    same(0, $setting['access'] & INI_USER, "$name is not for scripts");
}
done();
?>
--EXPECT--
12 checks made
