<?php

/**
 * @file
 * Dumps the site's database, which is SQLite: rows.php own|all.
 *
 * "own" are the rows the module writes: its configuration, State, log entries
 * and whatever caches and queues name it.
 */

declare(strict_types=1);

use Drupal\Core\Database\Database;

require_once __DIR__ . '/boot.php';

$database = Database::getConnection();
foreach ($database->query("SELECT name FROM sqlite_master WHERE type = 'table'")->fetchCol() as $table) {
  foreach ($database->query('SELECT * FROM "' . $table . '"', [], ['fetch' => \PDO::FETCH_ASSOC]) as $row) {
    $names = array_intersect_key($row, array_flip(['name', 'collection', 'cid', 'type', 'queue', 'path']));
    if ($argv[1] === 'all' || str_contains(implode(' ', array_filter($names, is_string(...))), 'logystera')) {
      echo "$table ", implode(' ', array_map(static fn(mixed $value): string => (string) $value, $row)), "\n";
    }
  }
}
