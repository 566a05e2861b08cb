<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Drupal\Core\State\StateInterface;
use Logystera\Agent\Credentials;
use Logystera\Agent\Exception\AgentException;

/**
 * The gateway this site is connected to.
 *
 * Credentials are kept in State, never in configuration, and sealed under a key
 * that settings.php holds: neither a configuration export nor a database dump
 * gives the secret away. Those of the first connection stay as the site's
 * identity, because account hashes are keyed with their secret and must not
 * change when credentials are rotated.
 */
final class Connection {

  private const CREDENTIALS = 'logystera.credentials';
  private const IDENTITY = 'logystera.identity';

  /**
   * Constructs the service.
   *
   * @param \Drupal\Core\State\StateInterface $state
   *   Keeps the sealed credentials.
   * @param \Closure $router
   *   Gives the router, which itself needs the site's identity.
   */
  public function __construct(
    private readonly StateInterface $state,
    private readonly \Closure $router,
  ) {}

  /**
   * Whether someone connected this site.
   */
  public function isConnected(): bool {
    return is_string($this->state->get(self::CREDENTIALS));
  }

  /**
   * The credentials; NULL while nobody has connected the site.
   *
   * @throws \Logystera\Agent\Exception\AgentException
   *   When they cannot be opened: the hash salt is not the one they were sealed
   *   with.
   */
  public function credentials(): ?Credentials {
    return $this->open(self::CREDENTIALS);
  }

  /**
   * Whose secret keys the account hashes; NULL before the first connection.
   *
   * @throws \Logystera\Agent\Exception\AgentException
   *   When it cannot be opened.
   */
  public function identity(): ?Credentials {
    return $this->open(self::IDENTITY);
  }

  /**
   * Connects the site, or replaces its credentials.
   */
  public function connect(Credentials $credentials): void {
    $sealed = $credentials->seal(SealingKey::derive());
    if (!$this->hasIdentity()) {
      $this->state->set(self::IDENTITY, $sealed);
    }
    $this->tell($this->isConnected() ? 'credentials' : 'connected');
    $this->state->set(self::CREDENTIALS, $sealed);
  }

  /**
   * Disconnects the site. What is buffered stays, and so does its identity.
   */
  public function disconnect(): void {
    $this->tell('disconnected');
    $this->state->delete(self::CREDENTIALS);
  }

  /**
   * Removes every trace of any connection.
   */
  public function forget(): void {
    $this->state->deleteMultiple([self::CREDENTIALS, self::IDENTITY]);
  }

  /**
   * Has a change of the connection recorded.
   */
  private function tell(string $change_type): void {
    ($this->router)()->on('module:changed', $change_type);
  }

  /**
   * Whether there is an identity that still opens.
   */
  private function hasIdentity(): bool {
    try {
      return $this->identity() !== NULL;
    }
    catch (AgentException) {
      return FALSE;
    }
  }

  /**
   * Opens what is kept under a State key.
   */
  private function open(string $key): ?Credentials {
    $sealed = $this->state->get($key);
    return is_string($sealed) ? Credentials::unseal($sealed, SealingKey::derive()) : NULL;
  }

}
