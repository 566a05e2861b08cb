<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;

/**
 * Requests, once their response is sent. Paths come without the query string.
 */
final class RequestSignals {

  private const ADMIN_PREFIX = '/admin/';

  /**
   * What belongs to an API, besides the site's own JSON:API path.
   */
  private const API_PREFIXES = ['/jsonapi/', '/api/'];

  public function __construct(
    private readonly Actor $actor,
    private readonly string $jsonapiBasePath,
  ) {}

  /**
   * Every request that reached the kernel.
   */
  #[Signal('http.request', on: 'event:kernel.terminate')]
  public function request(Request $request, Response $response): array {
    return [
      'method' => $request->getMethod(),
      'path' => $request->getPathInfo(),
      'status_code' => $response->getStatusCode(),
      'ip' => $this->actor->ip(),
      'is_admin' => str_starts_with($request->getPathInfo(), self::ADMIN_PREFIX),
      'is_ajax' => $request->isXmlHttpRequest(),
      'actor_uid' => $this->actor->current(),
      'ua' => (string) $request->headers->get('User-Agent', ''),
    ];
  }

  /**
   * A request that was answered with 403, by whatever part of the site.
   */
  #[Signal('access.denied', on: 'middleware:forbidden')]
  public function denied(Request $request): array {
    return [
      'method' => $request->getMethod(),
      'path' => $request->getPathInfo(),
      'ip' => (string) $request->getClientIp(),
      'actor_uid' => $this->actor->current(),
    ];
  }

  /**
   * A request to JSON:API or REST.
   */
  #[Signal('api.access', on: 'event:kernel.terminate')]
  public function api(Request $request, Response $response): ?array {
    $path = $request->getPathInfo();
    foreach ([...self::API_PREFIXES, rtrim($this->jsonapiBasePath, '/') . '/'] as $prefix) {
      if (str_starts_with($path, $prefix)) {
        return [
          'method' => $request->getMethod(),
          'path' => $path,
          'status_code' => $response->getStatusCode(),
          'ip' => $this->actor->ip(),
          'actor_uid' => $this->actor->current(),
        ];
      }
    }
    return NULL;
  }

}
