<?php

declare(strict_types=1);

namespace Drupal\logystera_site_test;

use Drupal\Core\Controller\ControllerBase;
use Drupal\Core\Database\Connection;
use Drupal\Core\Database\Database;
use Drupal\Core\Database\DatabaseException;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * What goes wrong with a database server, each on the site's own database.
 *
 * The tables "pairs" and "small" are made by the test.
 */
final class DatabasePages extends ControllerBase {

  private const PLANTED = 'nobody-may-see';

  /**
   * How long one page waits for the other.
   */
  private const MEET_SECONDS = 20;

  public function __construct(private readonly Connection $database) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static($container->get('database'));
  }

  /**
   * A statement that takes its time, and one that almost does.
   */
  public function slow(): array {
    $sleep = $this->isPostgreSql() ? 'pg_sleep' : 'SLEEP';
    foreach (['almost' => 0.3, 'slow' => 1.1] as $name => $seconds) {
      $this->database->query("SELECT $sleep(:seconds) AS $name, '" . self::PLANTED . "' AS word", [':seconds' => $seconds])->fetchAll();
    }
    return ['#markup' => 'done'];
  }

  /**
   * Changes one row, waits for the other page to change the other, wants that.
   */
  public function deadlock(int $row): array {
    $transaction = $this->database->startTransaction();
    try {
      $this->change($row);
      $this->meet($row);
      $this->change(3 - $row);
    }
    catch (DatabaseException) {
      $transaction->rollBack();
      return ['#markup' => 'refused'];
    }
    return ['#markup' => 'changed'];
  }

  /**
   * A connection that somebody else ends.
   */
  public function killed(): array {
    Database::addConnectionInfo('other', 'default', Database::getConnectionInfo()['default']);
    $other = Database::getConnection('default', 'other');
    $id = (int) $other->query('SELECT ' . ($this->isPostgreSql() ? 'pg_backend_pid()' : 'CONNECTION_ID()'))->fetchField();
    $this->database->query($this->isPostgreSql() ? "SELECT pg_terminate_backend($id)" : "KILL $id");
    return $this->failing(static fn() => $other->query('SELECT word FROM pairs WHERE word = :word', [':word' => self::PLANTED])->fetchAll());
  }

  /**
   * Waits in a statement until the server dies; the site's own connection.
   */
  public function waiting(): array {
    file_put_contents(getenv('TMPDIR') . '/waiting', '');
    $sleep = $this->isPostgreSql() ? 'pg_sleep' : 'SLEEP';
    $outcome = $this->failing(fn() => $this->database->query("SELECT $sleep(60), :word AS word", [':word' => self::PLANTED])->fetchAll());
    // Until nobody listens there any more.
    ['host' => $host, 'port' => $port] = $this->database->getConnectionOptions();
    while ($socket = @fsockopen($host, (int) $port)) {
      fclose($socket);
      usleep(10000);
    }
    return $outcome;
  }

  /**
   * Writes to the table on the small disk until there is no room.
   */
  public function full(): array {
    return $this->failing(function (): void {
      for ($i = 0; $i < 10000; $i++) {
        // Not to be compressed.
        $this->database->insert('small')->fields(['word' => self::PLANTED . base64_encode(random_bytes(10000))])->execute();
      }
    });
  }

  /**
   * Whether the site runs on PostgreSQL.
   */
  private function isPostgreSql(): bool {
    return $this->database->databaseType() === 'pgsql';
  }

  /**
   * Says whether the database refused to do that.
   */
  private function failing(\Closure $work): array {
    try {
      $work();
    }
    catch (DatabaseException | \PDOException) {
      return ['#markup' => 'refused'];
    }
    return ['#markup' => 'not refused'];
  }

  /**
   * Changes a row.
   */
  private function change(int $row): void {
    $this->database->update('pairs')->fields(['word' => self::PLANTED])->condition('id', $row)->execute();
  }

  /**
   * Waits until the page of the other row is as far.
   */
  private function meet(int $row): void {
    $here = getenv('TMPDIR') . '/deadlock-';
    touch($here . $row);
    for ($waited = 0; !file_exists($here . (3 - $row)) && $waited < self::MEET_SECONDS * 100; $waited++) {
      usleep(10000);
      clearstatcache();
    }
  }

}
