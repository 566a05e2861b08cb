<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\Core\Config\ConfigFactoryInterface;
use Drupal\Core\Session\AccountInterface;
use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;
use Drupal\user\Event\UserFloodEvent;
use Drupal\user\UserInterface;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\RequestStack;
use Symfony\Component\HttpKernel\Event\ExceptionEvent;
use Symfony\Component\HttpKernel\Exception\HttpExceptionInterface;

/**
 * Logging in, failing to, and logging out.
 */
final class AuthenticationSignals {

  /**
   * What flood control is told once per failure, by form and JSON, and by HTTP.
   */
  private const FAILED_LOGIN = 'user.failed_login_ip';
  private const FAILED_BASIC_AUTH = 'basic_auth.failed_login_ip';

  /**
   * A login body larger than this many bytes is not decoded for its name.
   */
  private const BODY_BYTES_MAX = 65536;

  /**
   * Requests whose failed login is recorded already.
   *
   * @var \WeakMap<\Symfony\Component\HttpFoundation\Request, true>
   */
  private \WeakMap $recorded;

  /**
   * Requests whose refusal by flood control is recorded already.
   *
   * @var \WeakMap<\Symfony\Component\HttpFoundation\Request, true>
   */
  private \WeakMap $blocked;

  public function __construct(
    private readonly Actor $actor,
    private readonly RequestStack $requestStack,
    private readonly ConfigFactoryInterface $configFactory,
  ) {
    $this->recorded = new \WeakMap();
    $this->blocked = new \WeakMap();
  }

  /**
   * Form, JSON login and one-time link all come here.
   */
  #[Signal('auth.login', on: 'hook:user_login')]
  public function login(UserInterface $account): array {
    return [
      'uid' => $this->actor->hash($account->id()),
      'ip' => $this->actor->ip(),
      'roles' => array_values($account->getRoles()),
    ];
  }

  /**
   * The account is the one that was logged in until now.
   */
  #[Signal('auth.logout', on: 'hook:user_logout')]
  public function logout(AccountInterface $account): array {
    return ['uid' => $this->actor->hash($account->id())];
  }

  /**
   * A failure that flood control was told about.
   */
  #[Signal('auth.login_failed', on: 'service:flood.register')]
  public function loginFailed(string $floodEvent): ?array {
    $request = $this->requestStack->getMainRequest();
    if (!$request || !in_array($floodEvent, [self::FAILED_LOGIN, self::FAILED_BASIC_AUTH], TRUE)) {
      return NULL;
    }
    $username = $floodEvent === self::FAILED_BASIC_AUTH ? $request->headers->get('PHP_AUTH_USER', '') : $this->typedName($request);
    return $this->failure($request, (string) $username);
  }

  /**
   * A JSON login that core refuses without telling flood control.
   *
   * That is what happens to a blocked account, and to an address or account
   * that flood control has locked out.
   */
  #[Signal('auth.login_failed', on: 'event:kernel.exception')]
  public function jsonLoginRefused(ExceptionEvent $event): ?array {
    $request = $event->getRequest();
    if ($request->attributes->get('_route') !== 'user.login.http' || !$this->actor->isAnonymous()
      || !$event->getThrowable() instanceof HttpExceptionInterface || isset($this->recorded[$request])) {
      return NULL;
    }
    $username = $this->typedName($request);
    return $username === '' ? NULL : $this->failure($request, $username);
  }

  /**
   * Flood control refused a login because of too many failures before it.
   *
   * Core tells of every refusal, also of its own question whether there was any
   * failure at all: only the limit of the settings counts.
   */
  #[Signal('auth.flood_blocked', on: 'event:user.flood_blocked')]
  public function floodBlocked(string $scope, UserFloodEvent $event): ?array {
    $limit = (int) $this->configFactory->get('user.flood')->get($scope . '_limit');
    $request = $this->requestStack->getMainRequest();
    if ($event->getThreshold() < $limit || !$request || isset($this->blocked[$request])) {
      return NULL;
    }
    $this->blocked[$request] = TRUE;
    return [
      'scope' => $scope,
      'ip' => $this->actor->ip(),
      'threshold' => (int) $event->getThreshold(),
      'window_s' => (int) $event->getWindow(),
    ];
  }

  /**
   * The labels of a failure, and a note that this request has one.
   */
  private function failure(Request $request, string $username): array {
    $this->recorded[$request] = TRUE;
    return ['username' => $username, 'ip' => $this->actor->ip()];
  }

  /**
   * The name in the login form or in the JSON body; nothing else is looked at.
   */
  private function typedName(Request $request): string {
    $name = $request->request->all()['name'] ?? NULL;
    if ($name === NULL && strlen($request->getContent()) <= self::BODY_BYTES_MAX) {
      $body = json_decode($request->getContent(), TRUE, 8);
      $name = is_array($body) ? $body['name'] ?? NULL : NULL;
    }
    return is_string($name) ? $name : '';
  }

}
