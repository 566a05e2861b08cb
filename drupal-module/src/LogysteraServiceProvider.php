<?php

declare(strict_types=1);

namespace Drupal\logystera;

use Drupal\Component\Utility\NestedArray;
use Drupal\Core\Config\BootstrapConfigStorageFactory;
use Drupal\Core\Database\Event\StatementExecutionEndEvent;
use Drupal\Core\DependencyInjection\ContainerBuilder;
use Drupal\Core\DependencyInjection\ServiceProviderBase;
use Drupal\logystera\EventSubscriber\SlowQuerySubscriber;
use Drupal\logystera\Signal\Router;
use Drupal\logystera\Signal\SignalPass;
use Drupal\logystera\Signal\Source\DatabaseSignals;
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
    $settings = self::settings();
    $container->setParameter('logystera.settings', $settings);
    // Timing queries costs something on each of them, so whoever does it is
    // only there while the signal is on.
    if (($settings['advanced_signals']['slow_query'] ?? FALSE) && class_exists(StatementExecutionEndEvent::class)) {
      $container->autowire(SlowQuerySubscriber::class)
        ->setPublic(TRUE)
        ->setArgument('$routerFactory', new ServiceClosureArgument(new Reference(Router::class)))
        ->addTag('event_subscriber');
      $container->autowire(DatabaseSignals::class)->setPublic(TRUE)->addTag(SignalPass::TAG);
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
