<?php

declare(strict_types=1);

namespace Drupal\logystera_broken_test;

use Drupal\Core\DependencyInjection\ContainerBuilder;
use Drupal\Core\DependencyInjection\ServiceModifierInterface;

/**
 * Puts the broken mappers before all others.
 */
final class LogysteraBrokenTestServiceProvider implements ServiceModifierInterface {

  /**
   * {@inheritdoc}
   */
  public function alter(ContainerBuilder $container): void {
    $definitions = $container->getDefinitions();
    $container->setDefinitions([BrokenSignals::class => $definitions[BrokenSignals::class]] + $definitions);
  }

}
