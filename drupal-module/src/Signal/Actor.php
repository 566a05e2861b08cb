<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Core\Session\AccountProxyInterface;
use Drupal\logystera\Agent\AgentInterface;
use Symfony\Component\HttpFoundation\RequestStack;

/**
 * Who acts: the account, only ever as a keyed hash, and the client's address.
 */
final class Actor {

  public function __construct(
    private readonly AgentInterface $agent,
    private readonly AccountProxyInterface $currentUser,
    private readonly RequestStack $requestStack,
  ) {}

  /**
   * The hash of the current account; empty for visitors, cron and Drush.
   */
  public function current(): string {
    return $this->hash($this->currentUser->id());
  }

  /**
   * The hash of an account id; empty for the anonymous account.
   */
  public function hash(int|string|null $uid): string {
    return (int) $uid === 0 ? '' : $this->agent->hashId((string) $uid);
  }

  /**
   * The client's address; empty where there is no client.
   */
  public function ip(): string {
    return PHP_SAPI === 'cli' ? '' : (string) $this->requestStack->getMainRequest()?->getClientIp();
  }

  /**
   * Whether the current account is a visitor.
   */
  public function isAnonymous(): bool {
    return $this->currentUser->isAnonymous();
  }

}
