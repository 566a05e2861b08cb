<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Drupal\Core\Config\Config;
use Drupal\Core\Config\ConfigFactoryInterface;
use Drupal\Core\Config\StorageInterface;
use Drupal\Core\State\StateInterface;
use Logystera\Agent\Exception\AgentException;
use Logystera\Agent\Secret;

/**
 * The proxy that requests to the gateway go through, and its password.
 *
 * Configuration has the address with the user, State the password, sealed like
 * the credentials. It is sealed for that one address: whoever may only change
 * configuration cannot have the password sent to a host of theirs. Neither is
 * compiled into the container, because settings.php may hold a password too,
 * and the container lies in the database.
 */
final class Proxy {

  private const SETTINGS = 'logystera.settings';
  private const PASSWORD = 'logystera.proxy';

  /**
   * Constructs the service.
   *
   * @param \Drupal\Core\Config\ConfigFactoryInterface $config
   *   Has the address.
   * @param \Drupal\Core\Config\StorageInterface $snapshot
   *   Core's copy of the configuration that was imported last.
   * @param \Drupal\Core\State\StateInterface $state
   *   Has the password.
   */
  public function __construct(
    private readonly ConfigFactoryInterface $config,
    private readonly StorageInterface $snapshot,
    private readonly StateInterface $state,
  ) {}

  /**
   * The address without any password; empty for none.
   */
  public function address(): string {
    return ProxyUrl::split($this->configured())[0];
  }

  /**
   * Whether settings.php sets the proxy, whatever is stored.
   */
  public function isOverridden(): bool {
    return $this->config->get(self::SETTINGS)->hasOverrides('proxy');
  }

  /**
   * The dispatcher's options about it.
   *
   * @throws \RuntimeException
   *   When the password that is needed is not there: without it a proxy may
   *   close the account after some attempts.
   */
  public function options(): array {
    [$address, $password] = $this->resolve();
    return array_filter(['proxy' => $address, 'proxy_password' => $password]);
  }

  /**
   * The address with its password, for an HTTP client of PHP.
   *
   * @throws \RuntimeException
   *   When the password that is needed is not there.
   */
  public function url(): string {
    [$address, $password] = $this->resolve();
    return $password ? ProxyUrl::join($address, $password->reveal()) : $address;
  }

  /**
   * What is wrong with it and what to do, or NULL.
   */
  public function problem(): ?string {
    if ($this->configured() === '' || AgentFactory::extensionProblem()) {
      return NULL;
    }
    try {
      $this->resolve();
    }
    catch (\RuntimeException $error) {
      return $error->getMessage();
    }
    return NULL;
  }

  /**
   * Where the password is, in a word or two; never the password.
   */
  public function passwordState(): string {
    [$address, $password] = ProxyUrl::split($this->configured());
    return match (TRUE) {
      $password !== NULL && $password !== '' => $this->isOverridden() ? 'in settings.php' : 'in the configuration',
      !ProxyUrl::needsPassword($address) => 'none',
      $this->hasPasswordFor($address) => 'stored',
      default => 'missing',
    };
  }

  /**
   * Whether the stored configuration holds a password.
   */
  public function isExposed(): bool {
    return (string) ProxyUrl::split($this->stored())[1] !== '';
  }

  /**
   * Whether a password is stored for that address.
   */
  public function hasPasswordFor(string $address): bool {
    return ($this->state->get(self::PASSWORD)['address'] ?? NULL) === $address;
  }

  /**
   * Stores the password of a user at an address; the one before is forgotten.
   *
   * @throws \RuntimeException
   *   When it cannot be sealed.
   */
  public function setPassword(string $address, #[\SensitiveParameter] string $password): void {
    if ($problem = self::sealingProblem()) {
      throw new \RuntimeException($problem);
    }
    $this->state->set(self::PASSWORD, [
      'address' => $address,
      'sealed' => (new Secret($password))->seal(SealingKey::derive(), self::purpose($address)),
    ]);
  }

  /**
   * Forgets the password.
   */
  public function forget(): void {
    $this->state->delete(self::PASSWORD);
  }

  /**
   * Moves a password out of stored configuration.
   *
   * @param \Drupal\Core\Config\Config|null $settings
   *   The settings that are just being saved, if they are.
   *
   * @return bool
   *   Whether there was one to move and it was moved. Where it cannot be
   *   sealed, in a PHP without the extension, it stays: isExposed() tells.
   */
  public function secure(?Config $settings = NULL): bool {
    $settings ??= $this->config->getEditable(self::SETTINGS);
    [$address, $password] = ProxyUrl::split(trim((string) $settings->get('proxy')));
    if ($password === NULL || $password === '') {
      return FALSE;
    }
    try {
      $this->setPassword($address, $password);
    }
    catch (\RuntimeException) {
      return FALSE;
    }
    $settings->set('proxy', $address)->save();
    $this->cleanSnapshot();
    return TRUE;
  }

  /**
   * Takes the password out of settings as a storage of configuration has them.
   *
   * @return bool
   *   Whether there was one.
   */
  public static function strip(StorageInterface $storage): bool {
    $data = $storage->read(self::SETTINGS);
    if (!is_array($data) || !is_string($data['proxy'] ?? NULL)) {
      return FALSE;
    }
    [$address, $password] = ProxyUrl::split($data['proxy']);
    if ((string) $password === '') {
      return FALSE;
    }
    return $storage->write(self::SETTINGS, ['proxy' => $address] + $data);
  }

  /**
   * Takes the password out of core's copy of what was imported last.
   */
  public function cleanSnapshot(): bool {
    return self::strip($this->snapshot);
  }

  /**
   * The setting that counts, with a password where settings.php has one.
   */
  private function configured(): string {
    $proxy = $this->config->get(self::SETTINGS)->get('proxy');
    return is_string($proxy) ? trim($proxy) : '';
  }

  /**
   * The setting as it is stored, whatever settings.php says.
   */
  private function stored(): string {
    $proxy = $this->config->get(self::SETTINGS)->getOriginal('proxy', FALSE);
    return is_string($proxy) ? trim($proxy) : '';
  }

  /**
   * Address and password to use.
   *
   * @return array{string, ?\Logystera\Agent\Secret}
   *   The address is empty where there is no proxy.
   *
   * @throws \RuntimeException
   *   When a password is needed and not there.
   */
  private function resolve(): array {
    [$address, $password] = ProxyUrl::split($this->configured());
    if ($password !== NULL && $password !== '') {
      return [$address, new Secret($password)];
    }
    if (!ProxyUrl::needsPassword($address)) {
      return [$address, NULL];
    }
    $stored = $this->state->get(self::PASSWORD);
    if (!isset($stored['address'], $stored['sealed'])) {
      throw new \RuntimeException(sprintf('The password of the proxy %s is not stored on this site; configuration never contains it. Enter it on the Logystera page, under Dispatch, or enter %s there if the user has no password.', $address, ProxyUrl::withoutPassword($address)));
    }
    if ($stored['address'] !== $address) {
      throw new \RuntimeException(sprintf('The stored password belongs to the proxy %s and is not sent to %s. Enter the password of the current proxy on the Logystera page, under Dispatch.', $stored['address'], $address));
    }
    try {
      return [$address, Secret::unseal($stored['sealed'], SealingKey::derive(), self::purpose($address))];
    }
    catch (AgentException) {
      throw new \RuntimeException(sprintf('The stored password of the proxy %s cannot be decrypted, because the hash salt in settings.php changed. Enter it again on the Logystera page, under Dispatch.', $address));
    }
  }

  /**
   * Why no password can be sealed here, or NULL.
   */
  private static function sealingProblem(): ?string {
    return AgentFactory::extensionProblem() ?? (class_exists(Secret::class, FALSE) ? NULL
      : 'This build of the PHP extension "logystera" cannot store the password of a proxy: install the newest one.');
  }

  /**
   * What a password is sealed for.
   */
  private static function purpose(string $address): string {
    return "proxy $address";
  }

}
