<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Logystera\Agent\Dispatcher;
use Logystera\Agent\Exception\AgentException;
use Psr\Log\LoggerInterface;

/**
 * Sends the buffer to the gateway the site is connected to.
 */
final class Dispatch {

  /**
   * Constructs the service.
   *
   * @param \Drupal\logystera\Agent\AgentInterface $agent
   *   Whose signals of this request are to go along.
   * @param \Drupal\logystera\Agent\BufferDirectory $directory
   *   Where the buffer is.
   * @param \Drupal\logystera\Agent\Connection $connection
   *   Where it goes.
   * @param array $settings
   *   The settings as compiled into the container.
   * @param \Psr\Log\LoggerInterface $logger
   *   The module's log channel.
   */
  public function __construct(
    private readonly AgentInterface $agent,
    private readonly BufferDirectory $directory,
    private readonly Connection $connection,
    private readonly array $settings,
    private readonly LoggerInterface $logger,
  ) {}

  /**
   * One run of the dispatcher.
   *
   * @return array|null
   *   Its result (status, sent, batches, remaining_bytes, retry_at, error);
   *   NULL when the site is not connected, and then nothing was tried.
   */
  public function flush(): ?array {
    if (!$this->connection->isConnected()) {
      return NULL;
    }
    $path = $this->directory->path();
    if ($path === NULL || AgentFactory::extensionProblem()) {
      return ['status' => 'unavailable', 'sent' => 0, 'error' => (string) $this->agent->problem()];
    }
    try {
      $this->agent->commit();
      $result = (new Dispatcher($path, $this->connection->credentials(), $this->options()))->flush();
    }
    catch (AgentException $error) {
      $result = ['status' => 'unavailable', 'sent' => 0, 'error' => $error->getMessage()];
    }
    if ($result['error']) {
      $this->logger->warning('Events are waiting in the buffer: @error', ['@error' => $result['error']]);
    }
    return $result;
  }

  /**
   * The dispatcher's options, those not set left to its defaults.
   */
  private function options(): array {
    return array_filter([
      'batch_size' => $this->settings['batch_size'] ?? NULL,
      'proxy' => $this->settings['proxy'] ?? NULL,
      'ca_bundle' => $this->settings['ca_bundle'] ?? NULL,
      'share' => $this->settings['buffer_share'] ?? NULL,
    ]);
  }

}
