<?php

declare(strict_types=1);

namespace Drupal\logystera_site_test;

use Drupal\Core\Database\Database;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpKernel\HttpKernelInterface;

/**
 * Counts the queries of a request that asks for it, to its very end.
 */
final class QueryCount implements HttpKernelInterface {

  public function __construct(private readonly HttpKernelInterface $httpKernel) {}

  /**
   * {@inheritdoc}
   */
  public function handle(Request $request, int $type = self::MAIN_REQUEST, bool $catch = TRUE): Response {
    $name = $request->headers->get('X-Count-Queries');
    if ($type === self::MAIN_REQUEST && $name && ctype_alnum($name)) {
      Database::startLog($name);
      // After kernel terminate and every other shutdown function.
      register_shutdown_function(static fn() => register_shutdown_function(static function () use ($name): void {
        $queries = array_column(Database::getLog($name), 'query');
        file_put_contents(getenv('TMPDIR') . "/queries-$name.json", json_encode($queries));
      }));
    }
    return $this->httpKernel->handle($request, $type, $catch);
  }

}
