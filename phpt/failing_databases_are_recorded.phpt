--TEST--
What PDO reports becomes db.connection_failed, db.deadlock, db.disk_full and db.slow_query, each once; expected failures do not
--EXTENSIONS--
logystera
pdo_sqlite
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

namespace_of_the_database_layer();
$directory = scratch();
$recorder = new Recorder($directory, ['enabled' => ['db.connection_failed', 'db.deadlock', 'db.disk_full', 'db.slow_query']]);

function namespace_of_the_database_layer(): void
{
    eval('namespace Drupal\Core\Database; final class Layer { static function ask(\PDO $pdo, string $sql, array $values) {
        $statement = $pdo->prepare($sql); $statement->execute($values); return $statement->fetchAll(); } }');
}

final class Page
{
    public static function build(PDO $pdo, string $sql, array $values = []): array
    {
        return Drupal\Core\Database\Layer::ask($pdo, $sql, $values);
    }
}

/** The labels of what $work made the recorder keep, by type; the exception's class stands under "thrown". */
function reported(callable $work): array
{
    global $recorder, $directory;
    $before = count(lines($directory));
    $thrown = null;
    try {
        $work();
    } catch (PDOException $error) {
        $thrown = get_class($error);
    }
    $recorder->commit();
    $events = array_slice(events($directory), $before);
    return ['thrown' => $thrown, 'events' => array_map(static fn (array $e): array => [$e['event_type'] => $e['labels']], $events)];
}

// A database that cannot be opened, by a class of the application; it tries again, which is no news.
eval('final class Connection extends PDO {}');
$lost = [['db.connection_failed' => ['driver' => 'sqlite', 'code' => '14', 'sqlstate' => 'HY000',
    'message' => 'SQLSTATE[HY000] [14] unable to open database file']]];
foreach (['Connection' => $lost, 'PDO' => []] as $class => $expected) {
    $got = reported(static fn () => new $class('sqlite:' . scratch('no-such-directory/db')));
    same('PDOException', $got['thrown'], "$class: PHP sees the exception");
    same($expected, $got['events'], "$class: recorded once");
}

// Two transactions that both read and then both write: SQLite ends one of them at once.
$file = scratch('db');
[$a, $b] = [new PDO("sqlite:$file"), new PDO("sqlite:$file")];
$a->exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)');
foreach ([$a, $b] as $pdo) {
    $pdo->exec('BEGIN');
    $pdo->query('SELECT * FROM t')->fetchAll();
}
$a->exec("INSERT INTO t (v) VALUES ('mine')");
$got = reported(static fn () => Page::build($b, 'INSERT INTO t (v) VALUES (?)', ['planted']));
same('PDOException', $got['thrown'], 'deadlock: PHP sees the exception');
same([['db.deadlock' => ['driver' => 'sqlite', 'code' => '5', 'sqlstate' => 'HY000',
    'message' => 'SQLSTATE[HY000]: General error: 5 database is locked']]], $got['events'], 'deadlock: recorded once');
$a->exec('ROLLBACK');
$b->exec('ROLLBACK');

// No room left.
$a->exec('PRAGMA max_page_count = 4');
$got = reported(static function () use ($a): void {
    $insert = $a->prepare('INSERT INTO t (v) VALUES (?)');
    for ($i = 0; $i < 100; ++$i) {
        $insert->execute([str_repeat('planted', 500)]);
    }
});
same('PDOException', $got['thrown'], 'disk: PHP sees the exception');
same([['db.disk_full' => ['driver' => 'sqlite', 'code' => '13', 'sqlstate' => 'HY000',
    'message' => 'SQLSTATE[HY000]: General error: 13 database or disk is full']]], $got['events'], 'disk: recorded once');

// What applications expect to fail now and then is nobody's business.
foreach (['SELECT * FROM no_such_table', 'no sql at all', "INSERT INTO t (id) VALUES (1), (1)"] as $sql) {
    same([], reported(static fn () => $b->query($sql))['events'], "expected failure: $sql");
}

// A slow statement, with its placeholders, its literals taken out, and who asked for it.
$b->sqliteCreateFunction('pause', static function (float $seconds): int {
    usleep((int) ($seconds * 1e6));
    return 1;
});
same([], reported(static fn () => Page::build($b, 'SELECT pause(:s)', ['s' => 0.3]))['events'], 'quick enough');
foreach ([
    'execute' => [static fn () => Page::build($b, "SELECT pause(:s), 'planted', 42", ['s' => 1.05]), 'SELECT pause(:s), ?, ?', 'Page::build'],
    'query' => [static fn () => $b->query('SELECT pause(1.05)')->fetchAll(), 'SELECT pause(?)', '{closure}'],
    'exec' => [(new class($b) {
        public function __construct(private PDO $b) {}

        public function update(): void
        {
            $this->b->exec('UPDATE t SET v = "x" WHERE pause(1.05) = 2 OR 1 = 1; SELECT pause(1.05)');
        }
    })->update(...), null, 'class@anonymous::update'],
] as $method => [$work, $sql, $caller]) {
    $events = reported($work)['events'];
    same([1, ['db.slow_query']], [count($events), array_keys($events[0] ?? [])], "$method: once");
    ['query' => $query, 'time_ms' => $time, 'caller' => $by] = $events[0]['db.slow_query'];
    holds($sql === null || $query === $sql, "$method: the statement", $query);
    holds($time > 1000 && $time < 60000 && round($time, 1) === (float) $time, "$method: the time", (string) $time);
    holds(str_contains($by, $caller) && !str_contains($by, __DIR__), "$method: the caller, without where it stands", $by);
}

// Off means off, for failures and for the clock.
$quiet = new Recorder($directory, ['enabled' => ['config.save']]);
$before = count(lines($directory));
try {
    new PDO('sqlite:' . scratch('no-such-directory/db'));
} catch (PDOException) {
}
$b->query('SELECT pause(1.05)')->fetchAll();
$quiet->commit();
same($before, count(lines($directory)), 'off');
same([], $quiet->stats()['dropped'], 'off is no drop');
holds(!str_contains(implode('', lines($directory)), 'planted'), 'no value is recorded');
done();
?>
--EXPECT--
27 checks made
