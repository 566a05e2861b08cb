--TEST--
A directory written with a slash at its end is the same site: a worker may see it more often than it may keep sites
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

for ($i = 0; $i < 300; ++$i) {
    $recorder = new Recorder(scratch() . '///');
}
same(true, $recorder->record('config.save', []), 'the 300th still records');

// Different directories are different sites, up to 256 in one process.
refused(Logystera\Agent\Exception\BufferUnavailable::class, '256 buffer directories', function () {
    for ($i = 0; $i < 256; ++$i) {
        new Recorder(scratch("site-$i"));
    }
});
same(true, is_dir(scratch('site-254')), '256 sites');
done();
?>
--EXPECT--
4 checks made
