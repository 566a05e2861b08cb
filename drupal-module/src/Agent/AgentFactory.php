<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Drupal\Core\Installer\InstallerKernel;
use Drupal\Core\Site\Settings;
use Drupal\logystera\Signal\Catalogue;
use Logystera\Agent\Credentials;
use Logystera\Agent\Exception\AgentException;
use Logystera\Agent\Exception\BufferUnavailable;
use Logystera\Agent\Exception\InvalidOption;
use Logystera\Agent\Recorder;

/**
 * Chooses the agent: the extension where it can be used, otherwise none.
 */
final class AgentFactory {

  /**
   * The oldest extension this module works with.
   *
   * Those before 0.1.1 work, too, but a visitor can write over a PHP worker's
   * stack through them: to record nothing is better.
   */
  public const MINIMUM_EXTENSION = '0.1.1';

  /**
   * Extensions before this one have a hole that is known.
   */
  private const VULNERABLE_BEFORE = '0.1.1';

  /**
   * Constructs the factory.
   *
   * @param \Drupal\logystera\Agent\BufferDirectory $directory
   *   Where the buffer is.
   * @param \Drupal\logystera\Agent\Connection $connection
   *   Holds the site's identity.
   * @param \Drupal\logystera\Signal\Catalogue $catalogue
   *   Knows every signal.
   * @param string $appRoot
   *   Drupal's root: what the extension records names files relative to it.
   * @param array $settings
   *   The settings as compiled into the container.
   * @param list<string> $refused
   *   Classes of signals that could not be read, and why.
   */
  public function __construct(
    private readonly BufferDirectory $directory,
    private readonly Connection $connection,
    private readonly Catalogue $catalogue,
    private readonly string $appRoot,
    private readonly array $settings,
    private array $refused = [],
  ) {}

  /**
   * The agent of this request. Never throws.
   */
  public function create(): AgentInterface {
    if (InstallerKernel::installationAttempted()) {
      return new NullAgent('The site is being installed.');
    }
    if ($problem = self::extensionProblem()) {
      return new NullAgent($problem);
    }
    $path = $this->directory->path();
    if ($path === NULL) {
      return new NullAgent("There is no private directory for the buffer: set \$settings['file_private_path'] (or \$settings['logystera_buffer_path']) in settings.php to a directory outside the web root that the web server can write.");
    }
    try {
      [$key, $problem] = $this->identityKey();
      $recorder = $this->recorder($path, $key);
      return new NativeAgent($recorder, $problem ?? $this->refusals());
    }
    catch (AgentException $error) {
      return new NullAgent($error->getMessage());
    }
    catch (\Throwable $error) {
      return new NullAgent(sprintf('The extension could not be started: %s (%s).', $error->getMessage(), $error::class));
    }
  }

  /**
   * The recorder on that directory, under the settings.
   *
   * @throws \Logystera\Agent\Exception\AgentException
   *   When the directory cannot be used.
   */
  private function recorder(string $path, string|Credentials $key): Recorder {
    $options = [
      'toggles' => array_filter($this->settings, is_array(...)),
      'uid_key' => $key,
      'root' => $this->appRoot,
      'anonymize_ip' => (bool) ($this->settings['anonymize_ip'] ?? FALSE),
      'share' => $this->settings['buffer_share'] ?? 'user',
    ];
    $group = $options['share'] === 'group';
    if ($group) {
      $this->directory->adapt($path, TRUE);
    }
    try {
      return $this->withDeclared($path, $options);
    }
    catch (BufferUnavailable) {
      // It may have been shared until now, or this site may be the first to
      // have a directory of its own below that of the default site.
      $this->directory->makeParent($path, $group);
      $this->directory->adapt($path, $group);
      return $this->withDeclared($path, $options);
    }
  }

  /**
   * The recorder, with the signals that modules declare.
   *
   * One that the extension refuses must not cost the others.
   */
  private function withDeclared(string $path, array $options): Recorder {
    $declared = $this->catalogue->declared();
    try {
      return new Recorder($path, $options + ['signals' => $declared]);
    }
    catch (InvalidOption $error) {
      if (!$declared) {
        throw $error;
      }
    }
    $usable = [];
    foreach ($declared as $signal) {
      try {
        new Recorder($path, $options + ['signals' => [...$usable, $signal]]);
        $usable[] = $signal;
      }
      catch (InvalidOption $error) {
        $this->refused[] = $error->getMessage();
      }
    }
    return new Recorder($path, $options + ['signals' => $usable]);
  }

  /**
   * Which signals of other modules are not recorded, and why; NULL for none.
   */
  private function refusals(): ?string {
    return $this->refused ? 'Signals of other modules that are not recorded: ' . implode('; ', $this->refused) . '.' : NULL;
  }

  /**
   * What is wrong with the extension, or NULL.
   */
  public static function extensionProblem(): ?string {
    if (!class_exists(Recorder::class, FALSE)) {
      return 'The PHP extension "logystera" is not loaded: install it and add extension=logystera to php.ini, for the web server and for the command line.';
    }
    return self::versionProblem((string) phpversion('logystera'));
  }

  /**
   * Whether the extension knows that sent signals can stay readable.
   *
   * One of the same version may be older than that: it refuses the option.
   */
  public static function retainsSent(): bool {
    return isset(Recorder::signals()[0]['name']);
  }

  /**
   * What is wrong with that version of the extension, or NULL.
   */
  public static function versionProblem(string $version): ?string {
    if (!version_compare($version, self::MINIMUM_EXTENSION, '<')) {
      return NULL;
    }
    $problem = sprintf('The PHP extension "logystera" is version %s; this module needs %s or newer.', $version, self::MINIMUM_EXTENSION);
    if (version_compare($version, self::VULNERABLE_BEFORE, '<')) {
      $problem .= sprintf(' SECURITY: before %s a visitor can crash PHP through it, or worse. Nothing is recorded with it any more, but it watches for fatal errors by itself as long as it is loaded: update it and reload PHP now, and set logystera.enabled=0 in php.ini until then.', self::VULNERABLE_BEFORE);
    }
    return $problem;
  }

  /**
   * What account hashes are keyed with, and what is wrong with it.
   *
   * @return array{string|\Logystera\Agent\Credentials, ?string}
   *   The key: the identity of the first connection, before that a key of the
   *   site. A sealed identity that no longer opens must not stop recording.
   */
  private function identityKey(): array {
    $problem = NULL;
    try {
      if ($identity = $this->connection->identity()) {
        return [$identity, NULL];
      }
    }
    catch (AgentException) {
      $problem = 'The stored identity of the site cannot be decrypted, because the hash salt in settings.php changed: events now carry other account hashes than before. Connect the site again.';
    }
    $site = 'logystera accounts ' . ($this->settings['site_uuid'] ?? '');
    return [hash_hmac('sha256', $site, Settings::getHashSalt()), $problem];
  }

}
