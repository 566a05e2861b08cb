<?php

declare(strict_types=1);

namespace Drupal\logystera;

use Drupal\Component\Utility\NestedArray;
use Drupal\Core\Config\BootstrapConfigStorageFactory;
use Drupal\Core\DependencyInjection\ContainerBuilder;
use Drupal\Core\DependencyInjection\ServiceProviderBase;
use Drupal\logystera\Agent\Connection;
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
 * A page then knows both without reading configuration: no query is added.
 */
final class LogysteraServiceProvider extends ServiceProviderBase {

  /**
   * {@inheritdoc}
   */
  public function register(ContainerBuilder $container): void {
    $container->setParameter('logystera.settings', self::settings());
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
    return $settings + ['site_uuid' => (string) ($storage->read('system.site')['uuid'] ?? '')];
  }

}
