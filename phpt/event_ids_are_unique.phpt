--TEST--
2,000 events have 2,000 ids
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

// The cap is per directory and request: ten directories.
$ids = [];
for ($site = 0; $site < 10; ++$site) {
    $recorder = new Recorder(scratch("buffer-$site"), ['signals' => [one_label('integer')]]);
    for ($i = 0; $i < 200; ++$i) {
        $recorder->record('test.integer', ['value' => $i]);
    }
    same(200, $recorder->commit(), 'committed');
    array_push($ids, ...array_column(events(scratch("buffer-$site")), 'event_id'));
}
same(2000, count(array_unique($ids)), 'ids');
done();
?>
--EXPECT--
11 checks made
