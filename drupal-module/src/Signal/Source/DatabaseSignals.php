<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\Core\Database\Event\StatementExecutionEndEvent;
use Drupal\logystera\Attribute\Signal;

/**
 * What the database does.
 */
final class DatabaseSignals {

  /**
   * The statement with its placeholders: bound values are left alone.
   */
  #[Signal('db.slow_query', on: 'event:database.slow_statement')]
  public function slowQuery(StatementExecutionEndEvent $event): array {
    $class = $event->caller['class'] ?? NULL;
    return [
      'query' => $event->queryString,
      'time_ms' => round($event->getElapsedTime() * 1000, 1),
      'caller' => ($class ? $class . '::' : '') . ($event->caller['function'] ?? ''),
    ];
  }

}
