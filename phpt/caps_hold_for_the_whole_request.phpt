--TEST--
200 events a request in all, whatever the mix; neither commit() nor a second Recorder gives a fresh allowance
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

$signals = [one_label('string'), one_label('integer', null, 3)];
$options = ['signals' => $signals, 'enabled' => [...all_types(), 'test.string', 'test.integer']];
$directory = scratch();
$recorder = new Recorder($directory, $options);
for ($i = 0; $i < 199; ++$i) {
    same(true, $recorder->record('test.string', ['value' => 'x']), "event $i");
    if ($i % 50 === 0) {
        $recorder->commit();
    }
}
same(true, $recorder->record('config.save', []), 'the 200th');
same(false, $recorder->record('config.save', []), 'the 201st');
same(false, $recorder->record('auth.login', []), 'another type neither');
same(['cap_global' => 2], $recorder->stats()['dropped'], 'counted');
$recorder->commit();
same(false, $recorder->record('config.save', []), 'commit() does not reset it');
$second = new Recorder("$directory/", $options);
same(false, $second->record('config.save', []), 'nor does a second Recorder, however the directory is written');
same(['cap_global' => 4], $second->stats()['dropped'], 'they count together');
same($recorder->stats(), $second->stats(), 'and see the same');
same(200, count(events($directory)), 'in the buffer');
$other = new Recorder(scratch('other'), $options);
same(true, $other->record('config.save', []), 'another directory has its own');

// Per type, shared by two Recorders of one directory, even where they declare their signals in another order.
$directory = scratch('types');
$first = new Recorder($directory, ['signals' => [one_label('integer', null, 3), one_label('string', null, 2)]]);
same([true, true, true, false], array_map(static fn () => $first->record('test.integer', []), range(1, 4)), 'the cap of a type');
$second = new Recorder($directory, ['signals' => [one_label('string', null, 2), one_label('integer', null, 3)]]);
same(false, $second->record('test.integer', []), 'holds for the second Recorder');
same([true, true, false], array_map(static fn () => $second->record('test.string', []), range(1, 3)), 'and another type has its own');
$third = new Recorder($directory, ['signals' => [one_label('boolean')]]);
same(true, $third->record('test.boolean', []), 'a type that comes later starts at nothing');
same(['cap_type' => 3], $third->stats()['dropped'], 'all drops are counted');

// A type nobody knows is refused, counted, and takes nothing of the allowance.
$recorder = new Recorder(scratch('unknown'));
foreach (['no.such', '', 'CONFIG.SAVE', 'config.save ', "config.save\0", str_repeat('x', 100000), 'agent'] as $type) {
    same(false, @$recorder->wants($type), 'not wanted');
    same(false, @$recorder->record($type, []), 'not recorded');
}
same(['unknown_type' => 7], $recorder->stats()['dropped'], 'unknown types are counted');
same([false, false], [$recorder->wants('agent.dropped'), $recorder->record('agent.dropped', [])], 'agent.dropped is the dispatcher\'s');

// The buffer keeps the counts of what was dropped.
$recorder->commit();
$dropped = (new Logystera\Agent\Buffer(scratch('unknown')))->stats()['dropped'];
same(['cap_type' => 1, 'unknown_type' => 7], array_map(static fn (array $drop): int => $drop['count'], $dropped), 'in the buffer');
holds(abs($dropped['unknown_type']['first_at'] - time()) < 5, 'with the time');
done();
?>
--EXPECT--
232 checks made
