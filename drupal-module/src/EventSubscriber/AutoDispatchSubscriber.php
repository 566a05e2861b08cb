<?php

declare(strict_types=1);

namespace Drupal\logystera\EventSubscriber;

use Drupal\logystera\Agent\BufferDirectory;
use Symfony\Component\EventDispatcher\EventSubscriberInterface;
use Symfony\Component\HttpKernel\KernelEvents;

/**
 * Sends what is waiting after a response, once in a while.
 *
 * It is there in the dispatch mode "auto" alone.
 *
 * Only where the server lets PHP go on after the visitor has everything, and
 * only one worker at a time. A file's time says when it was done last: a page
 * asks the disk, never the database.
 */
final class AutoDispatchSubscriber implements EventSubscriberInterface {

  /**
   * After everything else, cron included.
   */
  private const TERMINATE_PRIORITY = -1000;

  /**
   * Seconds between two runs, and what one run may take.
   */
  private const INTERVAL_SECONDS = 60;
  private const RUN_SECONDS = 10;
  private const RUN_REQUESTS = 5;

  /**
   * Constructs the subscriber.
   *
   * @param \Closure $dispatch
   *   Gives the service Dispatch, when it is time to send.
   * @param \Drupal\logystera\Agent\BufferDirectory $directory
   *   Knows where the mark is.
   */
  public function __construct(
    private readonly \Closure $dispatch,
    private readonly BufferDirectory $directory,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function getSubscribedEvents(): array {
    return [KernelEvents::TERMINATE => ['onTerminate', self::TERMINATE_PRIORITY]];
  }

  /**
   * Whether this server lets PHP go on after the response.
   */
  public static function isPossible(): bool {
    return function_exists('fastcgi_finish_request') || function_exists('litespeed_finish_request');
  }

  /**
   * The response was sent.
   */
  public function onTerminate(): void {
    if (!self::isPossible()) {
      return;
    }
    $mark = $this->directory->autoMark();
    if ($mark === NULL || time() - (int) @filemtime($mark) < self::INTERVAL_SECONDS) {
      return;
    }
    // Without a mark every page would send: then cron does it alone.
    if (@touch($mark)) {
      ($this->dispatch)()->flush(['max_seconds' => self::RUN_SECONDS, 'max_requests' => self::RUN_REQUESTS]);
    }
  }

}
