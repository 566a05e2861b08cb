<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Component\Plugin\Discovery\CachedDiscoveryInterface;
use Drupal\Core\Mail\MailManagerInterface;

/**
 * Sees what becomes of the site's e-mail.
 */
final class MailObserver implements MailManagerInterface, CachedDiscoveryInterface {

  /**
   * What is told when the mail system refuses a message without a reason.
   */
  private const NO_REASON = 'the mail system took the message for none of its recipients and gave no reason';

  public function __construct(
    private readonly MailManagerInterface $inner,
    private readonly Router $router,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function mail($module, $key, $to, $langcode, $params = [], $reply = NULL, $send = TRUE) {
    $to = (string) $to;
    if ($send) {
      $this->router->on('service:mail.send', (string) $module, (string) $key, (array) $params);
    }
    try {
      $message = $this->inner->mail($module, $key, $to, $langcode, $params, $reply, $send);
    }
    catch (\Throwable $error) {
      $this->router->on('service:mail.failed', (string) $module, (string) $key, $to, $error->getMessage());
      throw $error;
    }
    // NULL: somebody cancelled it, or nobody wanted it sent.
    if (isset($message['result'])) {
      $recipients = (string) ($message['to'] ?? $to);
      if ($message['result']) {
        $this->router->on('service:mail.sent', (string) $module, (string) $key, $recipients);
      }
      else {
        $this->router->on('service:mail.failed', (string) $module, (string) $key, $recipients, self::NO_REASON);
      }
    }
    return $message;
  }

  /**
   * {@inheritdoc}
   */
  public function getDefinition($plugin_id, $exception_on_invalid = TRUE) {
    return $this->inner->getDefinition($plugin_id, $exception_on_invalid);
  }

  /**
   * {@inheritdoc}
   */
  public function getDefinitions() {
    return $this->inner->getDefinitions();
  }

  /**
   * {@inheritdoc}
   */
  public function hasDefinition($plugin_id) {
    return $this->inner->hasDefinition($plugin_id);
  }

  /**
   * {@inheritdoc}
   */
  public function createInstance($plugin_id, array $configuration = []) {
    return $this->inner->createInstance($plugin_id, $configuration);
  }

  /**
   * {@inheritdoc}
   */
  public function getInstance(array $options) {
    return $this->inner->getInstance($options);
  }

  /**
   * {@inheritdoc}
   */
  public function clearCachedDefinitions(): void {
    if ($this->inner instanceof CachedDiscoveryInterface) {
      $this->inner->clearCachedDefinitions();
    }
  }

  /**
   * {@inheritdoc}
   */
  public function useCaches($use_caches = FALSE): void {
    if ($this->inner instanceof CachedDiscoveryInterface) {
      $this->inner->useCaches($use_caches);
    }
  }

  /**
   * Passes on whatever else another mail manager offers.
   */
  public function __call(string $method, array $arguments): mixed {
    return $this->inner->$method(...$arguments);
  }

}
