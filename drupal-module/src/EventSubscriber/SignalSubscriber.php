<?php

declare(strict_types=1);

namespace Drupal\logystera\EventSubscriber;

use Drupal\Core\Config\ConfigCrudEvent;
use Drupal\Core\Config\ConfigEvents;
use Drupal\Core\Config\ConfigImporterEvent;
use Drupal\logystera\Signal\Router;
use Drupal\user\Event\UserEvents;
use Drupal\user\Event\UserFloodEvent;
use Symfony\Component\EventDispatcher\EventSubscriberInterface;
use Symfony\Component\HttpKernel\Event\ExceptionEvent;
use Symfony\Component\HttpKernel\Event\RequestEvent;
use Symfony\Component\HttpKernel\Event\TerminateEvent;
use Symfony\Component\HttpKernel\KernelEvents;

/**
 * Brings core's events to the signal router.
 */
final class SignalSubscriber implements EventSubscriberInterface {

  /**
   * The sources this class brings; any other event is observed as it is.
   */
  public const SOURCES = [
    'event:config.save',
    'event:config.delete',
    'event:config.import',
    'event:config.export',
    'event:user.flood_blocked',
    'event:kernel.exception',
    'event:kernel.terminate',
  ];

  /**
   * After the session is closed (300), before cron may run at the end (100).
   */
  private const TERMINATE_PRIORITY = 200;

  /**
   * Before anything else of the request, also what answers OPTIONS (1000).
   */
  private const REQUEST_PRIORITY = 2000;

  /**
   * Before an exception becomes a response (50 and below).
   */
  private const EXCEPTION_PRIORITY = 100;

  /**
   * The attribute of a request that somebody made.
   *
   * The request carries it, because this object may be replaced in between: a
   * request can have the container compiled anew.
   */
  private const MADE = '_logystera_made';

  public function __construct(private readonly Router $router) {}

  /**
   * {@inheritdoc}
   */
  public static function getSubscribedEvents(): array {
    return [
      ConfigEvents::SAVE => 'onConfigSave',
      ConfigEvents::DELETE => 'onConfigDelete',
      ConfigEvents::IMPORT => 'onConfigImport',
      ConfigEvents::STORAGE_TRANSFORM_EXPORT => 'onConfigExport',
      UserEvents::FLOOD_BLOCKED_USER => 'onUserBlocked',
      UserEvents::FLOOD_BLOCKED_IP => 'onAddressBlocked',
      KernelEvents::REQUEST => ['onRequest', self::REQUEST_PRIORITY],
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
   * The whole configuration is being exported.
   */
  public function onConfigExport(): void {
    $this->router->on('event:config.export');
  }

  /**
   * Flood control refused to let an account log in.
   */
  public function onUserBlocked(UserFloodEvent $event): void {
    $this->router->on('event:user.flood_blocked', 'user', $event);
  }

  /**
   * Flood control refused to let an address log in.
   */
  public function onAddressBlocked(UserFloodEvent $event): void {
    $this->router->on('event:user.flood_blocked', 'ip', $event);
  }

  /**
   * A request begins.
   *
   * Also that this is called matters: the router and the recorder exist from
   * here on, and what the extension sees by itself has a site it belongs to.
   */
  public function onRequest(RequestEvent $event): void {
    if ($event->isMainRequest()) {
      $event->getRequest()->attributes->set(self::MADE, TRUE);
    }
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
    // Drush, too, ends with a request and a response, which nobody made.
    if ($event->getRequest()->attributes->has(self::MADE)) {
      $this->router->on('event:kernel.terminate', $event->getRequest(), $event->getResponse());
    }
  }

}
