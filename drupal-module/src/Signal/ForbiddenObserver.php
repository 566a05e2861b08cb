<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpKernel\HttpKernelInterface;

/**
 * Sees every answer "403", from outside the page cache.
 *
 * Whoever probes a site gets the second answer out of that cache, and nothing
 * inside of it ever hears of it.
 */
final class ForbiddenObserver implements HttpKernelInterface {

  /**
   * Constructs the middleware.
   *
   * @param \Symfony\Component\HttpKernel\HttpKernelInterface $httpKernel
   *   The rest of the site.
   * @param \Closure $router
   *   Gives the router; only a 403 needs it.
   */
  public function __construct(
    private readonly HttpKernelInterface $httpKernel,
    private readonly \Closure $router,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function handle(Request $request, int $type = self::MAIN_REQUEST, bool $catch = TRUE): Response {
    $response = $this->httpKernel->handle($request, $type, $catch);
    if ($type === self::MAIN_REQUEST && $response->getStatusCode() === Response::HTTP_FORBIDDEN) {
      ($this->router)()->on('middleware:forbidden', $request);
    }
    return $response;
  }

}
