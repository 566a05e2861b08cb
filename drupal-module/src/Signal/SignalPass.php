<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\logystera\Agent\AgentFactory;
use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\EventSubscriber\SignalSubscriber;
use Symfony\Component\DependencyInjection\Compiler\CompilerPassInterface;
use Symfony\Component\DependencyInjection\ContainerBuilder;
use Symfony\Component\DependencyInjection\Reference;

/**
 * Collects the methods marked with #[Signal] into one table, by source.
 *
 * Signals that modules declare go into a second one, and events that nothing
 * listens to yet are listened to. A class that cannot be read costs its own
 * signals and nothing else.
 */
final class SignalPass implements CompilerPassInterface {

  public const TAG = 'logystera.signals';

  private const EVENT = 'event:';

  /**
   * {@inheritdoc}
   */
  public function process(ContainerBuilder $container): void {
    $routes = $declared = $refused = [];
    foreach (array_keys($container->findTaggedServiceIds(self::TAG)) as $id) {
      $class = $container->getParameterBag()->resolveValue($container->getDefinition($id)->getClass() ?? $id);
      try {
        foreach ($this->signalsOf($class) as [$signal, $method]) {
          $routes[$signal->on][] = [$signal->type, $id, $method];
          if ($declaration = $signal->declaration()) {
            $declared[$signal->type] ??= $declaration;
          }
        }
      }
      catch (\Throwable $error) {
        $refused[] = "$class: {$error->getMessage()}";
      }
      $container->getDefinition($id)->setPublic(TRUE);
    }
    $container->getDefinition(Router::class)->setArgument('$routes', array_map(Router::pack(...), $routes));
    $container->getDefinition(Catalogue::class)->setArgument('$declared', array_values($declared));
    $container->getDefinition(AgentFactory::class)->setArgument('$refused', $refused);
    $this->listen($container, array_keys($routes));
  }

  /**
   * Every attribute of a class with the name of its method.
   *
   * @return list<array{\Drupal\logystera\Attribute\Signal, string}>
   *   All of them, or none: an attribute that cannot be made throws.
   */
  private function signalsOf(string $class): array {
    if (!class_exists($class)) {
      throw new \LogicException('There is no such class.');
    }
    $signals = [];
    foreach ((new \ReflectionClass($class))->getMethods(\ReflectionMethod::IS_PUBLIC) as $method) {
      foreach ($method->getAttributes(Signal::class, \ReflectionAttribute::IS_INSTANCEOF) as $attribute) {
        $signals[] = [$attribute->newInstance(), $method->getName()];
      }
    }
    return $signals;
  }

  /**
   * Has events observed that are somebody's source and not brought by core's.
   */
  private function listen(ContainerBuilder $container, array $sources): void {
    $dispatcher = $container->getDefinition('event_dispatcher');
    foreach (array_diff($sources, SignalSubscriber::SOURCES) as $source) {
      if (str_starts_with($source, self::EVENT)) {
        $dispatcher->addMethodCall('addListener', [
          substr($source, strlen(self::EVENT)),
          [new Reference(EventObserver::class), 'observe'],
        ]);
      }
    }
  }

}
