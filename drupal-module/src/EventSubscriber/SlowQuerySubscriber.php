<?php

declare(strict_types=1);

namespace Drupal\logystera\EventSubscriber;

use Drupal\Core\Database\Connection;
use Drupal\Core\Database\Event\StatementExecutionEndEvent;
use Drupal\Core\Database\Event\StatementExecutionStartEvent;
use Drupal\logystera\Signal\Router;
use Symfony\Component\EventDispatcher\EventSubscriberInterface;
use Symfony\Component\HttpKernel\Event\RequestEvent;
use Symfony\Component\HttpKernel\KernelEvents;

/**
 * Times the statements of the site's database connection.
 *
 * Only registered while db.slow_query is on: see LogysteraServiceProvider.
 */
final class SlowQuerySubscriber implements EventSubscriberInterface {

  /**
   * A statement that took longer than this many seconds is slow.
   */
  private const SLOW_SECONDS = 1.0;

  /**
   * Before anything else of the request.
   */
  private const REQUEST_PRIORITY = 1000;

  /**
   * Just before the request itself is recorded.
   */
  private const TERMINATE_PRIORITY = 210;

  /**
   * More are not recorded of one request anyway.
   */
  private const WAITING_MAX = 20;

  /**
   * Where slow statements go; NULL until the request has begun.
   */
  private ?Router $router = NULL;

  /**
   * Set while a slow statement is being recorded, which may query itself.
   */
  private bool $recording = FALSE;

  /**
   * Slow statements seen while there was no router.
   *
   * @var list<\Drupal\Core\Database\Event\StatementExecutionEndEvent>
   */
  private array $waiting = [];

  /**
   * Constructs the subscriber.
   *
   * @param \Drupal\Core\Database\Connection $database
   *   The connection whose statements are timed.
   * @param \Closure $routerFactory
   *   Gives the router. A statement must never be what creates it: creating it
   *   queries, and core's caches do not stand being entered by their own query.
   */
  public function __construct(
    private readonly Connection $database,
    private readonly \Closure $routerFactory,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function getSubscribedEvents(): array {
    return [
      KernelEvents::REQUEST => ['onRequest', self::REQUEST_PRIORITY],
      KernelEvents::TERMINATE => ['onTerminate', self::TERMINATE_PRIORITY],
      StatementExecutionEndEvent::class => 'onStatement',
    ];
  }

  /**
   * Has core report statements; their end is only known with their start.
   */
  public function onRequest(RequestEvent $event): void {
    if ($event->isMainRequest()) {
      $this->router = ($this->routerFactory)();
      $this->database->enableEvents([StatementExecutionStartEvent::class, StatementExecutionEndEvent::class]);
    }
  }

  /**
   * A statement was executed.
   */
  public function onStatement(StatementExecutionEndEvent $event): void {
    if ($this->recording || $event->getElapsedTime() <= self::SLOW_SECONDS) {
      return;
    }
    if ($this->router) {
      $this->recording = TRUE;
      $this->router->on('event:database.slow_statement', $event);
      $this->recording = FALSE;
    }
    elseif (count($this->waiting) < self::WAITING_MAX) {
      $this->waiting[] = $event;
    }
  }

  /**
   * Records what waited: the container was rebuilt within the request.
   */
  public function onTerminate(): void {
    $this->router ??= ($this->routerFactory)();
    foreach (array_splice($this->waiting, 0) as $event) {
      $this->onStatement($event);
    }
  }

}
