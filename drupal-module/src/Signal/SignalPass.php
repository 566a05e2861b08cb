<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\logystera\Attribute\Signal;
use Symfony\Component\DependencyInjection\Compiler\CompilerPassInterface;
use Symfony\Component\DependencyInjection\ContainerBuilder;

/**
 * Collects the methods marked with #[Signal] into one table, by source.
 */
final class SignalPass implements CompilerPassInterface {

  public const TAG = 'logystera.signals';

  /**
   * {@inheritdoc}
   */
  public function process(ContainerBuilder $container): void {
    $routes = [];
    foreach (array_keys($container->findTaggedServiceIds(self::TAG)) as $id) {
      $class = $container->getParameterBag()->resolveValue($container->getDefinition($id)->getClass() ?? $id);
      foreach ((new \ReflectionClass($class))->getMethods(\ReflectionMethod::IS_PUBLIC) as $method) {
        foreach ($method->getAttributes(Signal::class) as $attribute) {
          $signal = $attribute->newInstance();
          $routes[$signal->on][] = [$signal->type, $id, $method->getName()];
        }
      }
      $container->getDefinition($id)->setPublic(TRUE);
    }
    $container->setParameter('logystera.routes', $routes);
  }

}
