<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Core\DestructableInterface;
use Drupal\Core\State\StateInterface;

/**
 * Sees maintenance mode being switched: by form, Drush or code.
 *
 * It is a value of State like any other, and core tells nobody.
 */
final class StateObserver implements StateInterface, DestructableInterface {

  private const MAINTENANCE = 'system.maintenance_mode';

  /**
   * Constructs the observer.
   *
   * @param \Drupal\Core\State\StateInterface $inner
   *   Keeps the values.
   * @param \Closure $router
   *   Gives the router, which itself needs State.
   */
  public function __construct(
    private readonly StateInterface $inner,
    private readonly \Closure $router,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function get($key, $default = NULL) {
    return $this->inner->get($key, $default);
  }

  /**
   * {@inheritdoc}
   */
  public function getMultiple(array $keys) {
    return $this->inner->getMultiple($keys);
  }

  /**
   * {@inheritdoc}
   */
  public function set($key, $value): void {
    $this->watch([$key], fn() => $this->inner->set($key, $value));
  }

  /**
   * {@inheritdoc}
   */
  public function setMultiple(array $data): void {
    $this->watch(array_keys($data), fn() => $this->inner->setMultiple($data));
  }

  /**
   * {@inheritdoc}
   */
  public function delete($key): void {
    $this->watch([$key], fn() => $this->inner->delete($key));
  }

  /**
   * {@inheritdoc}
   */
  public function deleteMultiple(array $keys): void {
    $this->watch($keys, fn() => $this->inner->deleteMultiple($keys));
  }

  /**
   * {@inheritdoc}
   */
  public function resetCache(): void {
    $this->inner->resetCache();
  }

  /**
   * What was set in this request: Drupal 11 asks for it, 10 has no such thing.
   */
  public function getValuesSetDuringRequest(string $key): ?array {
    return method_exists($this->inner, 'getValuesSetDuringRequest') ? $this->inner->getValuesSetDuringRequest($key) : NULL;
  }

  /**
   * {@inheritdoc}
   */
  public function destruct(): void {
    if ($this->inner instanceof DestructableInterface) {
      $this->inner->destruct();
    }
  }

  /**
   * Passes on whatever else another implementation of State offers.
   */
  public function __call(string $method, array $arguments): mixed {
    return $this->inner->$method(...$arguments);
  }

  /**
   * Makes a change and tells when it switched maintenance mode.
   */
  private function watch(array $keys, \Closure $change): void {
    $watched = in_array(self::MAINTENANCE, $keys, TRUE);
    $before = $watched && $this->inner->get(self::MAINTENANCE);
    $change();
    $after = $watched && $this->inner->get(self::MAINTENANCE);
    if ($before !== $after) {
      ($this->router)()->on('service:state.maintenance', $after);
    }
  }

}
