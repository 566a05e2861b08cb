<?php

declare(strict_types=1);

namespace Drupal\logystera_site_test;

use Drupal\Core\Controller\ControllerBase;
use Drupal\Core\Database\Connection;
use Drupal\Core\Database\Database;
use Drupal\Core\Database\DatabaseException;

/**
 * Pages that go wrong in the ways code goes wrong on a real site.
 */
final class FaultPages extends ControllerBase {

  /**
   * Reads a file that is not there, twice in the same place.
   */
  public function warning(): array {
    for ($i = 0; $i < 2; $i++) {
      file_get_contents('/nowhere/missing.txt?password=planted-value');
    }
    return ['#markup' => 'done'];
  }

  /**
   * Throws what nobody catches.
   */
  public function exception(): array {
    throw new \DomainException("No account 'planted-name' with planted.mail@example.org");
  }

  /**
   * Uses more memory than there is.
   */
  public function memory(): array {
    ini_set('memory_limit', (string) (memory_get_usage() + 16 * 1024 * 1024));
    $all = [];
    while (TRUE) {
      $all[] = str_repeat('x', 1024 * 1024);
    }
  }

  /**
   * Two transactions that both read and then both write.
   */
  public function deadlock(): array {
    $one = $this->database('one', 'deadlock');
    $other = $this->database('other', 'deadlock');
    $one->query('CREATE TABLE IF NOT EXISTS t (v TEXT)');
    foreach ([$one, $other] as $database) {
      $database->getClientConnection()->exec('BEGIN');
      $database->query('SELECT COUNT(*) FROM t')->fetchField();
    }
    $one->query("INSERT INTO t VALUES ('mine')");
    return $this->failing($other);
  }

  /**
   * A database that may not grow any more.
   */
  public function diskFull(): array {
    $database = $this->database('small', 'small');
    $database->query('CREATE TABLE IF NOT EXISTS t (v TEXT)');
    $database->query('PRAGMA max_page_count = 3');
    return $this->failing($database);
  }

  /**
   * Switches maintenance mode more often than one request may tell.
   */
  public function restless(): array {
    foreach ([TRUE, FALSE, TRUE, FALSE] as $mode) {
      $this->state()->set('system.maintenance_mode', $mode);
    }
    return ['#markup' => 'done'];
  }

  /**
   * Writes until the database refuses.
   */
  private function failing(Connection $database): array {
    try {
      for ($i = 0; $i < 100; $i++) {
        $database->query('INSERT INTO t VALUES (:secret)', [':secret' => str_repeat('nobody-may-see', 100)]);
      }
    }
    catch (DatabaseException | \PDOException) {
      return ['#markup' => 'refused'];
    }
    return ['#markup' => 'not refused'];
  }

  /**
   * A database besides the site's.
   */
  private function database(string $key, string $file): Connection {
    $options = Database::getConnectionInfo()['default'];
    $options['database'] = getenv('TMPDIR') . "/$file.sqlite";
    unset($options['init_commands']);
    Database::addConnectionInfo($key, 'default', $options);
    return Database::getConnection('default', $key);
  }

}
