<?php

declare(strict_types=1);

namespace Drupal\logystera\EventSubscriber;

use Drupal\Core\Config\ConfigCrudEvent;
use Drupal\Core\Config\ConfigEvents;
use Drupal\Core\Config\ConfigImporterEvent;
use Drupal\logystera\Signal\Router;
use Symfony\Component\EventDispatcher\EventSubscriberInterface;
use Symfony\Component\HttpKernel\Event\ExceptionEvent;
use Symfony\Component\HttpKernel\Event\TerminateEvent;
use Symfony\Component\HttpKernel\KernelEvents;

/**
 * Brings core's events to the signal router.
 */
final class SignalSubscriber implements EventSubscriberInterface {

  /**
   * After the session is closed (300), before cron may run at the end (100).
   */
  private const TERMINATE_PRIORITY = 200;

  /**
   * Before an exception becomes a response (50 and below).
   */
  private const EXCEPTION_PRIORITY = 100;

  public function __construct(private readonly Router $router) {}

  /**
   * {@inheritdoc}
   */
  public static function getSubscribedEvents(): array {
    return [
      ConfigEvents::SAVE => 'onConfigSave',
      ConfigEvents::DELETE => 'onConfigDelete',
      ConfigEvents::IMPORT => 'onConfigImport',
      KernelEvents::EXCEPTION => ['onException', self::EXCEPTION_PRIORITY],
      KernelEvents::TERMINATE => ['onTerminate', self::TERMINATE_PRIORITY],
    ];
  }

  /**
   * A configuration object was saved.
   */
  public function onConfigSave(ConfigCrudEvent $event): void {
    $this->router->on('event:config.save', $event->getConfig());
  }

  /**
   * A configuration object was deleted.
   */
  public function onConfigDelete(ConfigCrudEvent $event): void {
    $this->router->on('event:config.delete', $event->getConfig());
  }

  /**
   * A configuration import ended.
   */
  public function onConfigImport(ConfigImporterEvent $event): void {
    $this->router->on('event:config.import', $event);
  }

  /**
   * A request ended in an exception.
   */
  public function onException(ExceptionEvent $event): void {
    $this->router->on('event:kernel.exception', $event);
  }

  /**
   * The response was sent.
   */
  public function onTerminate(TerminateEvent $event): void {
    $this->router->on('event:kernel.terminate', $event->getRequest(), $event->getResponse());
  }

}
