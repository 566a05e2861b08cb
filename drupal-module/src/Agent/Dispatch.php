<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Logystera\Agent\Credentials;
use Logystera\Agent\Dispatcher;
use Logystera\Agent\Exception\AgentException;
use Psr\Log\LoggerInterface;

/**
 * Sends the buffer to the gateway the site is connected to.
 */
final class Dispatch {

  /**
   * How many requests the extension remembers.
   */
  public const HISTORY_MAX = 500;

  /**
   * How many MiB of what was sent stay readable: at most, and by default.
   */
  public const SENT_MIB = 5;

  /**
   * Constructs the service.
   *
   * @param \Drupal\logystera\Agent\AgentInterface $agent
   *   Whose signals of this request are to go along.
   * @param \Drupal\logystera\Agent\BufferDirectory $directory
   *   Where the buffer is.
   * @param \Drupal\logystera\Agent\Connection $connection
   *   Where it goes.
   * @param \Drupal\logystera\Agent\Proxy $proxy
   *   What it goes through.
   * @param array $settings
   *   The settings as compiled into the container.
   * @param \Psr\Log\LoggerInterface $logger
   *   The module's log channel.
   */
  public function __construct(
    private readonly AgentInterface $agent,
    private readonly BufferDirectory $directory,
    private readonly Connection $connection,
    private readonly Proxy $proxy,
    private readonly array $settings,
    private readonly LoggerInterface $logger,
  ) {}

  /**
   * One run of the dispatcher.
   *
   * @param array $limits
   *   Options of the dispatcher to use besides the settings.
   *
   * @return array|null
   *   Its result (status, sent, batches, remaining_bytes, retry_at, error);
   *   NULL when the site is not connected, and then nothing was tried.
   */
  public function flush(array $limits = []): ?array {
    if (!$this->connection->isConnected()) {
      return NULL;
    }
    $path = $this->directory->path();
    if ($path === NULL || AgentFactory::extensionProblem()) {
      return ['status' => 'unavailable', 'sent' => 0, 'error' => (string) $this->agent->problem()];
    }
    try {
      $this->agent->commit();
      $credentials = $this->connection->credentials();
      if (!$credentials) {
        return NULL;
      }
      $result = (new Dispatcher($path, $credentials, $limits + $this->proxy->options() + $this->options()))->flush();
    }
    catch (\RuntimeException $error) {
      $result = ['status' => 'unavailable', 'sent' => 0, 'error' => $error->getMessage()];
    }
    if ($result['error']) {
      $this->logger->warning('Events are waiting in the buffer: @error', ['@error' => $result['error']]);
    }
    return $result;
  }

  /**
   * Whether cron sends; where a relay does, it would only get in its way.
   */
  public function isForCron(): bool {
    return ($this->settings['dispatch_mode'] ?? 'cron') !== 'relay';
  }

  /**
   * What the dispatcher has noted about itself; NULL when it never ran.
   */
  public function state(): ?array {
    return $this->dispatcher()?->state();
  }

  /**
   * The last requests to the gateway, the latest first.
   *
   * @return list<array>
   *   Time, events, bytes, HTTP status, duration, acknowledged and error each.
   */
  public function history(): array {
    return $this->dispatcher()?->history(self::HISTORY_MAX) ?? [];
  }

  /**
   * Asks the gateway whether it knows this site. Sends no signal.
   *
   * @param \Logystera\Agent\Credentials|null $credentials
   *   Those to ask with; NULL for the stored ones.
   *
   * @return array{status: string, http_code: ?int, error: ?string}
   *   The status is ok, unreachable, refused or, when nothing could be asked,
   *   unavailable; the error names cause and remedy.
   */
  public function ping(?Credentials $credentials = NULL): array {
    return $this->ask(static fn(Dispatcher $dispatcher): array => $dispatcher->ping(), $credentials);
  }

  /**
   * Has the gateway forget the stored credentials.
   *
   * @return array{status: string, http_code: ?int, error: ?string}
   *   As of ping().
   */
  public function disconnect(): array {
    return $this->ask(static fn(Dispatcher $dispatcher): array => $dispatcher->disconnect());
  }

  /**
   * Sends a message to the people behind the gateway.
   *
   * @param string $message
   *   At most 10,000 characters.
   * @param string|null $email
   *   Where an answer goes to.
   * @param array|null $diagnostics
   *   What goes along.
   *
   * @return array{status: string, http_code: ?int, error: ?string, reference: ?string}
   *   As of ping(), and what the message is known by there.
   */
  public function support(string $message, ?string $email, ?array $diagnostics): array {
    $json = $diagnostics === NULL ? NULL : json_encode($diagnostics, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
    return $this->ask(static fn(Dispatcher $dispatcher): array => $dispatcher->support($message, $email, $json)) + ['reference' => NULL];
  }

  /**
   * Ends a suspension or a wait: the next run tries at once.
   */
  public function resume(): void {
    $this->dispatcher()?->resume();
  }

  /**
   * Asks the gateway something else than to take events.
   *
   * @return array{status: string, http_code: ?int, error: ?string, reference?: ?string}
   *   The answer of the extension, or why there is none.
   */
  private function ask(\Closure $question, ?Credentials $credentials = NULL): array {
    $unavailable = static fn(string $why): array => ['status' => 'unavailable', 'http_code' => NULL, 'error' => $why];
    $path = $this->directory->path();
    if ($path === NULL || AgentFactory::extensionProblem()) {
      return $unavailable((string) $this->agent->problem());
    }
    try {
      $credentials ??= $this->connection->credentials();
      if (!$credentials) {
        return $unavailable('The site is not connected.');
      }
      /** @var array{status: string, http_code: ?int, error: ?string, reference?: ?string} $answer */
      $answer = $question(new Dispatcher($path, $credentials, $this->proxy->options() + $this->options()));
      return $answer;
    }
    catch (\RuntimeException $error) {
      return $unavailable($error->getMessage());
    }
  }

  /**
   * The dispatcher on this site's buffer, to ask it something.
   *
   * The identity will do where there are no credentials any more: what was
   * sent before the site was disconnected can still be looked at.
   */
  private function dispatcher(): ?Dispatcher {
    $path = $this->directory->path();
    if ($path === NULL || AgentFactory::extensionProblem()) {
      return NULL;
    }
    try {
      $credentials = $this->connection->credentials() ?? $this->connection->identity();
      return $credentials ? new Dispatcher($path, $credentials, $this->options()) : NULL;
    }
    catch (AgentException) {
      return NULL;
    }
  }

  /**
   * How many MiB of what was sent stay readable.
   */
  private function sentMib(): int {
    return max(0, min(self::SENT_MIB, (int) ($this->settings['sent_mib'] ?? self::SENT_MIB)));
  }

  /**
   * The dispatcher's options, those not set left to its defaults.
   *
   * The proxy is not among them: only what asks the gateway needs it.
   */
  private function options(): array {
    return array_filter([
      'batch_size' => $this->settings['batch_size'] ?? NULL,
      'sent_bytes' => AgentFactory::retainsSent() ? $this->sentMib() * 1024 * 1024 : NULL,
      'ca_bundle' => $this->settings['ca_bundle'] ?? NULL,
      'share' => $this->settings['buffer_share'] ?? NULL,
    ]);
  }

}
