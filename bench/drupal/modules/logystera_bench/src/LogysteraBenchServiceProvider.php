<?php

declare(strict_types=1);

namespace Drupal\logystera_bench;

use Drupal\Core\DependencyInjection\ContainerBuilder;
use Drupal\Core\DependencyInjection\ServiceProviderBase;
use Drupal\logystera\Agent\AgentFactory;
use Drupal\logystera\Agent\AgentInterface;
use Symfony\Component\DependencyInjection\Reference;

/**
 * Has the agent made by this module's factory.
 */
final class LogysteraBenchServiceProvider extends ServiceProviderBase {

  /**
   * {@inheritdoc}
   */
  public function alter(ContainerBuilder $container): void {
    $container->getDefinition(BenchAgentFactory::class)->setArgument('$settings', $container->getDefinition(AgentFactory::class)->getArgument('$settings'));
    $container->getDefinition(AgentInterface::class)->setFactory([new Reference(BenchAgentFactory::class), 'create']);
  }

}
