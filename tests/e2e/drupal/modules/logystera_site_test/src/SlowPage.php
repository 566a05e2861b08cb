<?php

declare(strict_types=1);

namespace Drupal\logystera_site_test;

use Drupal\Core\Controller\ControllerBase;
use Drupal\Core\Database\Connection;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * A page with one statement that takes long, and one that almost does.
 */
final class SlowPage extends ControllerBase {

  public function __construct(private readonly Connection $database) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static($container->get('database'));
  }

  /**
   * Runs both statements. SQLite has no sleep of its own.
   */
  public function build(): array {
    $this->database->getClientConnection()->sqliteCreateFunction('pause', static function (float $seconds): int {
      usleep((int) ($seconds * 1e6));
      return 1;
    });
    $this->database->query('SELECT pause(:seconds) AS almost', [':seconds' => 0.4])->fetchField();
    $this->database->query('SELECT pause(:seconds) AS slow, :secret AS secret', [
      ':seconds' => 1.1,
      ':secret' => 'a-bound-value-nobody-may-see',
    ])->fetchField();
    return ['#markup' => 'done'];
  }

}
