<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Core\DestructableInterface;
use Drupal\Core\State\StateInterface;
use Drupal\logystera\Agent\AgentInterface;
use Psr\Container\ContainerInterface;

/**
 * Brings what happened to the mappers, and their labels to the agent.
 *
 * A mapper that throws costs its own signal and nothing else: the error is
 * counted by type and shown in the status report, and the page goes on.
 */
final class Router implements DestructableInterface {

  /**
   * Where the counted errors are kept between requests.
   */
  public const ERRORS = 'logystera.mapper_errors';

  /**
   * Errors of this request: type => [count, class, place].
   *
   * @var array<string, array{int, string, string}>
   */
  private array $errors = [];

  /**
   * Constructs the router.
   *
   * @param \Drupal\logystera\Agent\AgentInterface $agent
   *   Where signals go.
   * @param \Psr\Container\ContainerInterface $mappers
   *   Gives mapper services by id, the first time one is needed.
   * @param array<string, string> $routes
   *   Source => its packed mappers.
   * @param \Drupal\Core\State\StateInterface $state
   *   Keeps the error counts.
   * @param \Closure $logger
   *   Gives the module's log channel: most requests have nothing to log.
   */
  public function __construct(
    private readonly AgentInterface $agent,
    private readonly ContainerInterface $mappers,
    private readonly array $routes,
    private readonly StateInterface $state,
    private readonly \Closure $logger,
  ) {}

  /**
   * Which mapper listens to what.
   *
   * @return array<string, list<array{string, string, string}>>
   *   Source => list of [signal type, service id, method].
   */
  public function routes(): array {
    return array_map(self::unpack(...), $this->routes);
  }

  /**
   * One string of mappers: of all the table, a page reads a line or two.
   *
   * @param list<array{string, string, string}> $mappers
   *   Signal type, service id and method of each; none has a space in it.
   */
  public static function pack(array $mappers): string {
    return implode("\n", array_map(static fn(array $mapper): string => implode(' ', $mapper), $mappers));
  }

  /**
   * The mappers of such a string.
   *
   * @return list<array{string, string, string}>
   *   Signal type, service id and method of each.
   */
  private static function unpack(string $mappers): array {
    $unpacked = [];
    foreach (explode("\n", $mappers) as $mapper) {
      [$type, $service, $method] = explode(' ', $mapper);
      $unpacked[] = [$type, $service, $method];
    }
    return $unpacked;
  }

  /**
   * Tells every interested mapper that something happened.
   *
   * @param string $source
   *   What happened, as in the attribute: "hook:user_login".
   * @param mixed ...$arguments
   *   What the source knows about it.
   */
  public function on(string $source, mixed ...$arguments): void {
    if (!isset($this->routes[$source])) {
      return;
    }
    foreach (self::unpack($this->routes[$source]) as [$type, $service, $method]) {
      try {
        if ($this->agent->wants($type)) {
          $this->record($type, $this->mappers->get($service)->$method(...$arguments));
        }
      }
      catch (\Throwable $error) {
        $this->countError($type, $error);
      }
    }
  }

  /**
   * {@inheritdoc}
   */
  public function destruct(): void {
    if (!$this->errors) {
      return;
    }
    try {
      $totals = $this->state->get(self::ERRORS, []);
      foreach ($this->errors as $type => [$count, $class, $place]) {
        $totals[$type] = ['count' => ($totals[$type]['count'] ?? 0) + $count, 'class' => $class, 'place' => $place];
        ($this->logger)()->error('The signal %type could not be recorded: %class at %place.', [
          '%type' => $type,
          '%class' => $class,
          '%place' => $place,
        ]);
      }
      $this->state->set(self::ERRORS, $totals);
    }
    catch (\Throwable) {
      // The database is gone: nothing is left to tell, and the page is sent.
    }
    $this->errors = [];
  }

  /**
   * Forgets the counted errors: what has made them may be mended.
   */
  public function forgetErrors(): void {
    $this->state->delete(self::ERRORS);
  }

  /**
   * Records one set of labels, or each one a generator yields.
   */
  private function record(string $type, array|\Generator|null $labels): void {
    if ($labels instanceof \Generator) {
      foreach ($labels as $set) {
        $this->agent->record($type, $set);
      }
    }
    elseif ($labels !== NULL) {
      $this->agent->record($type, $labels);
    }
  }

  /**
   * Counts an error of a mapper. Its message may hold personal data: left out.
   *
   * So is the file in the name of an anonymous class.
   */
  private function countError(string $type, \Throwable $error): void {
    $count = $this->errors[$type][0] ?? 0;
    $this->errors[$type] = [$count + 1, get_debug_type($error), basename($error->getFile()) . ':' . $error->getLine()];
  }

}
