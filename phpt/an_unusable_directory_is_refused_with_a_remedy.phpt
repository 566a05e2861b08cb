--TEST--
A directory that cannot hold a buffer throws BufferUnavailable: which one, what is wrong, what to do
--EXTENSIONS--
logystera
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\{Buffer, Credentials, Dispatcher, Recorder};
use Logystera\Agent\Exception\BufferUnavailable;

mkdir(scratch('real'), 0700);
symlink(scratch('real'), scratch('link'));
touch(scratch('file'));
mkdir(scratch('open'), 0700);
chmod(scratch('open'), 0777);
mkdir(scratch('group'), 0700);
chmod(scratch('group'), 0770);
$wrong = [
    ['', 'not an absolute path'],
    ['relative/buffer', 'not an absolute path'],
    [scratch('no/such/parent'), 'create its parent'],
    [scratch('link'), 'is a symbolic link; name the directory it points to'],
    [scratch('link') . '/', 'is a symbolic link'],
    [scratch('file'), 'is not a directory'],
    [scratch('file/below'), scratch('file/below')],
    [scratch('open'), 'chmod o-w ' . scratch('open')],
    [scratch('group'), 'chmod g-w'],
    [scratch("nul\0byte"), 'NUL'],
    ['/' . str_repeat('x', 5000), 'too long'],
];
$credentials = new Credentials('https://gateway.example', 'ent_test', 'a-secret-of-the-test');
foreach ($wrong as [$directory, $part]) {
    refused(BufferUnavailable::class, $part, static fn () => new Recorder($directory));
    refused(BufferUnavailable::class, $part, static fn () => new Buffer($directory));
    refused(BufferUnavailable::class, $part, static fn () => new Dispatcher($directory, $credentials));
}
foreach (array_slice($wrong, 2, 7) as [$directory]) {
    refused(BufferUnavailable::class, "buffer directory " . rtrim($directory, '/') . ':', static fn () => new Recorder($directory));
}
same(0777, fileperms(scratch('open')) & 0777, 'nothing is changed about it');
$shared = new Recorder(scratch('group'), ['share' => 'group']);
same(true, $shared->record('config.save', []), 'a group\'s directory is usable where that is meant');

// What goes wrong later breaks nothing: the events are dropped and counted.
$recorder = new Recorder(scratch('gone'));
remove_tree(scratch('gone'));
touch(scratch('gone'));
same(true, $recorder->record('config.save', []), 'recorded');
same(0, $recorder->commit(), 'committed nothing');
same(1, array_sum($recorder->stats()['dropped']), 'the loss is counted');
unlink(scratch('gone'));
done();
?>
--EXPECT--
85 checks made
