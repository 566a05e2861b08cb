--TEST--
The classes are final, take no properties of others, and are neither cloned nor serialised
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\{Buffer, Credentials, Dispatcher, Recorder, Secret};

$credentials = new Credentials('https://gateway.example', 'ent_test', 'a-secret-of-the-test');
$objects = [
    new Recorder(scratch()),
    new Buffer(scratch()),
    $credentials,
    new Dispatcher(scratch(), $credentials),
    new Secret('a proxy\'s password'),
];

function message(callable $work): string
{
    try {
        $work();
    } catch (Throwable $thrown) {
        return $thrown->getMessage();
    }
    return 'nothing was thrown';
}

foreach ($objects as $object) {
    $class = get_class($object);
    $reflection = new ReflectionClass($object);
    holds($reflection->isFinal(), "$class is final");
    holds(!$reflection->isCloneable(), "$class is not cloneable");
    same([], $reflection->getProperties(), "$class has no properties");
    same([], (array) $object, "$class casts to nothing");
    same([], get_object_vars($object), "$class shows nothing");
    same("Trying to clone an uncloneable object of class $class", message(fn () => clone $object), "$class: clone");
    same("Cannot create dynamic property $class::\$secret", message(function () use ($object) { $object->secret = 1; }),
        "$class: no dynamic property");
    same("Serialization of '$class' is not allowed", message(fn () => serialize($object)), "$class: serialize");
    same("Unserialization of '$class' is not allowed",
        message(fn () => unserialize(sprintf('O:%d:"%s":0:{}', strlen($class), $class))), "$class: unserialize");
    same('{}', json_encode($object), "$class: json_encode");
    holds(str_contains(message(fn () => $reflection->newInstanceWithoutConstructor()), 'final'),
        "$class: not made without its constructor");
    same(true, $object == $object, "$class: comparing does no harm");
}
done();
?>
--EXPECT--
60 checks made
