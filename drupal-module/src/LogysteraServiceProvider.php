<?php

declare(strict_types=1);

namespace Drupal\logystera;

use Drupal\Component\Utility\NestedArray;
use Drupal\Core\Config\BootstrapConfigStorageFactory;
use Drupal\Core\DependencyInjection\ContainerBuilder;
use Drupal\Core\DependencyInjection\ServiceProviderBase;
use Drupal\logystera\Agent\AgentFactory;
use Drupal\logystera\Agent\Authorization;
use Drupal\logystera\Agent\BufferView;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Diagnostics;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\EventSubscriber\AutoDispatchSubscriber;
use Drupal\logystera\Signal\EventObserver;
use Drupal\logystera\Signal\ForbiddenObserver;
use Drupal\logystera\Signal\LogObserver;
use Drupal\logystera\Signal\Router;
use Drupal\logystera\Signal\SignalPass;
use Drupal\logystera\Signal\StateObserver;
use Symfony\Component\DependencyInjection\Argument\ServiceClosureArgument;
use Symfony\Component\DependencyInjection\Reference;

/**
 * Compiles settings and signal mappers into the container.
 *
 * A page then knows both without reading configuration: no query is added. They
 * are arguments of the services that need them and not parameters: every page
 * unserializes all parameters, but a service only when it is used.
 */
final class LogysteraServiceProvider extends ServiceProviderBase {

  /**
   * The services that read settings other than the toggles of signals.
   */
  private const CONFIGURED = [
    Authorization::class,
    BufferView::class,
    Diagnostics::class,
    Dispatch::class,
  ];

  /**
   * {@inheritdoc}
   */
  public function register(ContainerBuilder $container): void {
    $settings = self::settings();
    // It may hold a password, and the container lies in the database.
    unset($settings['proxy']);
    $container->getDefinition(AgentFactory::class)->setArgument('$settings', $settings);
    unset($settings['signals'], $settings['advanced_signals']);
    foreach (self::CONFIGURED as $id) {
      $container->getDefinition($id)->setArgument('$settings', $settings);
    }
    // Drupal's service files know no closures of services.
    $lazy = [
      LogObserver::class,
      ForbiddenObserver::class,
      StateObserver::class,
      EventObserver::class,
      Connection::class,
    ];
    foreach ($lazy as $id) {
      $container->getDefinition($id)->setArgument('$router', new ServiceClosureArgument(new Reference(Router::class)));
    }
    $container->getDefinition(Router::class)->setArgument('$logger', new ServiceClosureArgument(new Reference('logger.channel.logystera')));
    if (($settings['dispatch_mode'] ?? 'cron') === 'auto') {
      $container->getDefinition(AutoDispatchSubscriber::class)
        ->setArgument('$dispatch', new ServiceClosureArgument(new Reference(Dispatch::class)));
    }
    else {
      $container->removeDefinition(AutoDispatchSubscriber::class);
    }
    $container->addCompilerPass(new SignalPass());
  }

  /**
   * {@inheritdoc}
   */
  public function alter(ContainerBuilder $container): void {
    // Only known once every module's service file is read.
    $container->setParameter('logystera.jsonapi_base_path', $container->hasParameter('jsonapi.base_path')
      ? $container->getParameter('jsonapi.base_path') : '/jsonapi');
  }

  /**
   * Reads the settings before there is a configuration service.
   */
  private static function settings(): array {
    $storage = BootstrapConfigStorageFactory::get();
    $settings = $storage->read('logystera.settings') ?: [];
    $settings = NestedArray::mergeDeepArray([$settings, $GLOBALS['config']['logystera.settings'] ?? []], TRUE);
    unset($settings['_core']);
    // Overrides in settings.php are as whoever wrote them wants.
    array_walk($settings, static function (mixed &$group): void {
      $group = is_array($group) ? array_map(boolval(...), $group) : $group;
    });
    return $settings + ['site_uuid' => (string) ($storage->read('system.site')['uuid'] ?? '')];
  }

}
