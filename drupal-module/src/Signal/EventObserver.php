<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

/**
 * Sees the events that other modules' signals listen to.
 */
final class EventObserver {

  /**
   * Constructs the observer.
   *
   * @param \Closure $router
   *   Gives the router: made when something happens, not with the dispatcher.
   */
  public function __construct(private readonly \Closure $router) {}

  /**
   * Something happened.
   */
  public function observe(object $event, string $name): void {
    ($this->router)()->on("event:$name", $event);
  }

}
