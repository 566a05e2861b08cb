<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Core\Flood\FloodInterface;
use Drupal\Core\Flood\PrefixFloodInterface;

/**
 * Sees failed logins where every way of logging in reports them.
 *
 * Core has no event for a failed login, and its log names only those of the
 * form. Form, JSON and HTTP authentication all register the client's address
 * with flood control once per failure.
 */
final class FloodObserver implements FloodInterface, PrefixFloodInterface {

  /**
   * Constructs the observer.
   *
   * @param \Drupal\Core\Flood\FloodInterface $inner
   *   Counts failures.
   * @param \Drupal\logystera\Signal\Router $router
   *   Brings them to the mappers.
   */
  public function __construct(
    private readonly FloodInterface $inner,
    private readonly Router $router,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function register($name, $window = 3600, $identifier = NULL): void {
    $this->router->on('service:flood.register', (string) $name);
    $this->inner->register($name, $window, $identifier);
  }

  /**
   * {@inheritdoc}
   */
  public function clear($name, $identifier = NULL): void {
    $this->inner->clear($name, $identifier);
  }

  /**
   * {@inheritdoc}
   */
  public function isAllowed($name, $threshold, $window = 3600, $identifier = NULL) {
    return $this->inner->isAllowed($name, $threshold, $window, $identifier);
  }

  /**
   * {@inheritdoc}
   */
  public function garbageCollection(): void {
    $this->inner->garbageCollection();
  }

  /**
   * {@inheritdoc}
   */
  public function clearByPrefix(string $name, string $prefix): void {
    if ($this->inner instanceof PrefixFloodInterface) {
      $this->inner->clearByPrefix($name, $prefix);
    }
  }

  /**
   * Passes on whatever else another flood backend offers.
   */
  public function __call(string $method, array $arguments): mixed {
    return $this->inner->$method(...$arguments);
  }

}
