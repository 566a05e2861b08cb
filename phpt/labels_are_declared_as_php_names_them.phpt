--TEST--
Labels are declared as name => type, with the names PHP has for types; in a list and in full they mean the same
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

$values = ['count' => 3, 'total' => 12.5, 'paid' => true, 'items' => ['a', 'b'], 'note' => 'text', 'customer' => '7'];
$forms = [
    'PHP names' => ['count' => 'int', 'total' => 'float', 'paid' => 'bool', 'items' => 'string[]', 'note' => 'string', 'customer' => 'uid'],
    'own names' => ['count' => 'integer', 'total' => 'number', 'paid' => 'boolean', 'items' => 'list', 'note' => 'string', 'customer' => 'uid'],
    'arrays by name' => ['count' => ['type' => 'int'], 'total' => ['type' => 'float'], 'paid' => ['type' => 'bool'],
        'items' => ['type' => 'string[]'], 'note' => ['type' => 'string', 'max_chars' => 10], 'customer' => ['type' => 'uid']],
    'a list' => [['name' => 'count', 'type' => 'int'], ['name' => 'total', 'type' => 'float'], ['name' => 'paid', 'type' => 'bool'],
        ['name' => 'items', 'type' => 'string[]'], ['name' => 'note', 'type' => 'string'], ['name' => 'customer', 'type' => 'uid']],
    'mixed' => ['count' => 'int', ['name' => 'total', 'type' => 'number'], 'paid' => ['type' => 'boolean'], 'items' => 'list',
        ['name' => 'note', 'type' => 'string'], 'customer' => 'uid'],
];
foreach ($forms as $name => $labels) {
    $recorder = new Recorder(scratch(), ['uid_key' => str_repeat('k', 16),
        'signals' => [['type' => 'shop.order', 'cap' => 10, 'labels' => $labels]]]);
    same(true, $recorder->record('shop.order', $values), "$name: recorded");
    $recorder->commit();
    $event = events(scratch())[array_search($name, array_keys($forms), true)];
    same(['count' => 3, 'total' => 12.5, 'paid' => true, 'items' => ['a', 'b'], 'note' => 'text', 'customer' => $recorder->hashId('7')],
        $event['labels'], "$name: each value as its type");
}
same(0, $recorder->stats()['labels_nulled'], 'no value became null');

// A type holds: a text is no number.
$recorder->record('shop.order', ['total' => 'twelve', 'paid' => 2, 'items' => 'a']);
same(3, $recorder->stats()['labels_nulled'], 'values of another type become null');

// Another list in the same request takes over, also where only a key differs.
$other = new Recorder(scratch(), ['uid_key' => str_repeat('k', 16), 'signals' => [['type' => 'shop.order', 'cap' => 10, 'labels' => ['sum' => 'float']]]]);
same(true, $other->record('shop.order', ['sum' => 1.5]), 'the later declaration');
$other->commit();
same(['sum' => 1.5], events(scratch())[6]['labels'], 'is what counts');
done();
?>
--EXPECT--
14 checks made
