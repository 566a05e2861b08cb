<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Drupal\Core\State\StateInterface;
use Drupal\logystera\Signal\Router;
use Logystera\Agent\Exception\AgentException;

/**
 * Goes through everything that has to be right for signals to arrive.
 */
final class Verification {

  public const OK = 'ok';
  public const WARNING = 'warning';
  public const ERROR = 'error';

  public function __construct(
    private readonly AgentInterface $agent,
    private readonly BufferView $buffer,
    private readonly Connection $connection,
    private readonly Dispatch $dispatch,
    private readonly StateInterface $state,
  ) {}

  /**
   * Every check and how it went. Asks the gateway; sends no signal.
   *
   * @return array<string, array{result: string, detail: string}>
   *   By the name of the check; the detail says what to do about it.
   */
  public function run(): array {
    $checks = ['extension' => $this->extension()];
    if ($checks['extension']['result'] === self::OK) {
      $checks += [
        'recording' => $this->recording(),
        'buffer' => $this->bufferLines(),
        'mappers' => $this->mappers(),
        'credentials' => $this->credentials(),
      ];
      if ($checks['credentials']['result'] === self::OK) {
        $checks += ['gateway' => $this->gateway(), 'sending' => $this->sending()];
      }
    }
    return $checks;
  }

  /**
   * Whether the extension is there, and new enough.
   *
   * @return array{result: string, detail: string}
   *   How it went, and what that means or what to do.
   */
  private function extension(): array {
    $problem = AgentFactory::extensionProblem();
    return $problem ? $this->result(self::ERROR, $problem) : $this->result(self::OK, 'Version ' . phpversion('logystera') . '.');
  }

  /**
   * Whether signals are recorded.
   *
   * @return array{result: string, detail: string}
   *   How it went, and what that means or what to do.
   */
  private function recording(): array {
    if ($problem = $this->agent->problem()) {
      return $this->result(self::ERROR, $problem);
    }
    return ini_get('logystera.enabled') ? $this->result(self::OK, 'Signals are recorded.')
      : $this->result(self::ERROR, 'logystera.enabled is off in php.ini: nothing is recorded.');
  }

  /**
   * Whether every line of the buffer can be read, and nothing was dropped.
   *
   * @return array{result: string, detail: string}
   *   How it went, and what that means or what to do.
   */
  private function bufferLines(): array {
    try {
      $page = $this->buffer->events([], 0, 1);
      $dropped = array_sum(array_column($this->buffer->stats()['dropped'], 'count'));
    }
    catch (\RuntimeException $error) {
      return $this->result(self::ERROR, $error->getMessage());
    }
    if ($page['invalid']) {
      return $this->result(self::WARNING, $page['invalid'] === 1
        ? '1 line cannot be read; the next dispatch moves it to dead/.'
        : "$page[invalid] lines cannot be read; the next dispatch moves them to dead/.");
    }
    if ($dropped) {
      return $this->result(self::WARNING, ($dropped === 1 ? '1 signal was' : "$dropped signals were") . ' dropped; see the reasons with logystera:status.');
    }
    return $this->result(self::OK, $page['total'] === 1 ? '1 signal is waiting.' : "$page[total] signals are waiting.");
  }

  /**
   * Whether every signal could be made.
   *
   * @return array{result: string, detail: string}
   *   How it went, and what that means or what to do.
   */
  private function mappers(): array {
    $errors = array_keys($this->state->get(Router::ERRORS, []));
    return $errors ? $this->result(self::WARNING, 'These signals failed since the caches were rebuilt: ' . implode(', ', $errors) . '. See the Debug tab.')
      : $this->result(self::OK, 'No signal failed.');
  }

  /**
   * Whether the site is connected, and its credentials open.
   *
   * @return array{result: string, detail: string}
   *   How it went, and what that means or what to do.
   */
  private function credentials(): array {
    try {
      $credentials = $this->connection->credentials();
    }
    catch (AgentException) {
      return $this->result(self::ERROR, 'The stored credentials cannot be decrypted, because the hash salt in settings.php changed. Connect the site again.');
    }
    return $credentials ? $this->result(self::OK, 'For ' . $credentials->gatewayUrl() . '.')
      : $this->result(self::WARNING, 'The site is not connected: nothing leaves it. Connect it on the Settings tab or with logystera:connect.');
  }

  /**
   * Whether the gateway knows the site.
   *
   * @return array{result: string, detail: string}
   *   How it went, and what that means or what to do.
   */
  private function gateway(): array {
    $answer = $this->dispatch->ping();
    return $answer['status'] === 'ok' ? $this->result(self::OK, 'It answers and knows this site.')
      : $this->result(self::ERROR, (string) $answer['error']);
  }

  /**
   * Whether sending waits or is suspended.
   *
   * @return array{result: string, detail: string}
   *   How it went, and what that means or what to do.
   */
  private function sending(): array {
    $state = $this->dispatch->state();
    if ($state && $state['suspended']) {
      return $this->result(self::ERROR, 'Suspended after repeated refusals. ' . $state['remedy']);
    }
    if ($state && $state['failures']) {
      return $this->result(self::WARNING, ($state['failures'] === 1 ? '1 failure. ' : "$state[failures] failures in a row. ") . $state['remedy']);
    }
    return $this->result(self::OK, 'Ready.');
  }

  /**
   * How a check went.
   *
   * @return array{result: string, detail: string}
   *   How it went, and what that means or what to do.
   */
  private function result(string $result, string $detail): array {
    return ['result' => $result, 'detail' => trim($detail)];
  }

}
