<?php

declare(strict_types=1);

namespace Drupal\logystera\EventSubscriber;

use Drupal\Core\Config\Config;
use Drupal\Core\Config\ConfigCrudEvent;
use Drupal\Core\Config\ConfigEvents;
use Drupal\Core\Config\StorageTransformEvent;
use Drupal\Core\DrupalKernelInterface;
use Drupal\logystera\Agent\Proxy;
use Psr\Log\LoggerInterface;
use Symfony\Component\EventDispatcher\EventSubscriberInterface;

/**
 * Has the container compiled anew when the settings in it changed.
 *
 * And keeps the proxy's password out of them, whichever way they were saved:
 * by an import, Drush, a recipe or code.
 */
final class SettingsSubscriber implements EventSubscriberInterface {

  public function __construct(
    private readonly DrupalKernelInterface $kernel,
    private readonly Proxy $proxy,
    private readonly LoggerInterface $logger,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function getSubscribedEvents(): array {
    return [
      ConfigEvents::SAVE => [['onConfigChange'], ['takePasswordOut']],
      ConfigEvents::DELETE => 'onConfigChange',
      ConfigEvents::STORAGE_TRANSFORM_EXPORT => 'onExport',
    ];
  }

  /**
   * Watches the two objects the container is compiled from.
   */
  public function onConfigChange(ConfigCrudEvent $event): void {
    $name = $event->getConfig()->getName();
    if ($name === 'logystera.settings' || ($name === 'system.site' && $event->isChanged('uuid'))) {
      $this->kernel->invalidateContainer();
    }
  }

  /**
   * Seals a password that was just saved in the clear.
   */
  public function takePasswordOut(ConfigCrudEvent $event): void {
    $settings = $event->getConfig();
    if ($settings instanceof Config && $settings->getName() === 'logystera.settings' && $this->proxy->secure($settings)) {
      $this->logger->warning('The configuration that was saved held the password of the proxy. It is stored encrypted now, outside of the configuration. Take it out of exported files as well, and change it if others could read them.');
    }
  }

  /**
   * No export has it, even where it could not be sealed.
   */
  public function onExport(StorageTransformEvent $event): void {
    Proxy::strip($event->getStorage());
  }

}
