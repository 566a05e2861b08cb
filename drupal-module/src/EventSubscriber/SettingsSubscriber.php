<?php

declare(strict_types=1);

namespace Drupal\logystera\EventSubscriber;

use Drupal\Core\Config\ConfigCrudEvent;
use Drupal\Core\Config\ConfigEvents;
use Drupal\Core\DrupalKernelInterface;
use Symfony\Component\EventDispatcher\EventSubscriberInterface;

/**
 * Has the container compiled anew when the settings in it changed.
 */
final class SettingsSubscriber implements EventSubscriberInterface {

  public function __construct(private readonly DrupalKernelInterface $kernel) {}

  /**
   * {@inheritdoc}
   */
  public static function getSubscribedEvents(): array {
    return [
      ConfigEvents::SAVE => 'onConfigChange',
      ConfigEvents::DELETE => 'onConfigChange',
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

}
