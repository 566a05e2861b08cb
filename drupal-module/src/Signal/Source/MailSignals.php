<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;
use Drupal\user\UserInterface;

/**
 * Messages handed to the mail system. Addresses only ever as a keyed hash.
 */
final class MailSignals {

  public function __construct(
    private readonly Actor $actor,
    private readonly AgentInterface $agent,
  ) {}

  /**
   * A message the mail system took.
   */
  #[Signal('email.sent', on: 'service:mail.sent')]
  public function sent(string $module, string $key, string $to): array {
    return $this->message($module, $key, $to);
  }

  /**
   * A message it did not take.
   */
  #[Signal('email.failed', on: 'service:mail.failed')]
  public function failed(string $module, string $key, string $to, string $reason): array {
    return $this->message($module, $key, $to) + ['message' => $reason];
  }

  /**
   * A one-time login link was asked for: the account is in the parameters.
   */
  #[Signal('auth.password_reset', on: 'service:mail.send')]
  public function passwordReset(string $module, string $key, array $params): ?array {
    $account = $params['account'] ?? NULL;
    if ($module !== 'user' || $key !== 'password_reset' || !$account instanceof UserInterface) {
      return NULL;
    }
    return ['uid' => $this->actor->hash($account->id()), 'ip' => $this->actor->ip()];
  }

  /**
   * The labels of any message.
   */
  private function message(string $module, string $key, string $to): array {
    $addresses = array_map(static fn(string $one): string => strtolower(trim((string) preg_replace('/^.*<([^<>]*)>\s*$/', '$1', $one))), explode(',', $to));
    sort($addresses);
    return [
      'module' => $module,
      'key' => $key,
      'recipients' => count($addresses),
      'recipient_hash' => $this->agent->hashId(implode(',', $addresses)),
    ];
  }

}
