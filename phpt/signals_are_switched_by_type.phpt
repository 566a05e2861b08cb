--TEST--
The option "enabled" says which types are on; without it the documented defaults hold
--EXTENSIONS--
logystera
--INI--
logystera.warn=0
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

$defaults = array_column(Recorder::signals(), 'default', 'type');
$wants = static fn (Recorder $recorder): array => array_values(array_filter([...array_keys($defaults), 'test.string'], [$recorder, 'wants']));
// agent.dropped is on, but nothing a page records.
$on = array_values(array_diff(array_keys(array_filter($defaults)), ['agent.dropped']));

same($on, $wants(new Recorder(scratch())), 'the defaults');
same($on, $wants(new Recorder(scratch(), ['enabled' => null])), 'null is the defaults');
same([], $wants(new Recorder(scratch(), ['enabled' => []])), 'an empty list is none');
same(['cache.flush'], $wants(new Recorder(scratch(), ['enabled' => ['cache.flush']])), 'one');
same(['config.save', 'cache.flush'], $wants(new Recorder(scratch(), ['enabled' => ['cache.flush', 'no.such', 'config.save', '', 'cache.flush']])),
    'types this version does not know are left out');
same(array_values(array_diff(array_keys($defaults), ['agent.dropped'])), $wants(new Recorder(scratch(), ['enabled' => all_types()])), 'all');
same([...$on, 'test.string'], $wants(new Recorder(scratch(), ['signals' => [one_label('string')]])), 'a declared signal is on');
same(['config.save'], $wants(new Recorder(scratch(), ['signals' => [one_label('string')], 'enabled' => ['config.save']])), 'unless a list leaves it out');
same(['test.string'], $wants(new Recorder(scratch(), ['signals' => [one_label('string')], 'enabled' => ['test.string']])), 'or names it alone');
same($on, $wants(new Recorder(scratch(), [])), 'back to the defaults');

// Off: neither recorded nor counted as a drop.
$recorder = new Recorder(scratch(), ['enabled' => ['config.save']]);
same([false, []], [$recorder->record('auth.logout', ['uid' => 1]), $recorder->stats()['dropped']], 'off');
same(true, $recorder->record('config.save', []), 'on');
same([], (new ReflectionMethod(Recorder::class, 'signals'))->getParameters(), 'signals() takes nothing');
done();
?>
--EXPECT--
13 checks made
