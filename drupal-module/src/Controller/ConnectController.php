<?php

declare(strict_types=1);

namespace Drupal\logystera\Controller;

use Drupal\Core\Controller\ControllerBase;
use Drupal\logystera\Agent\Authorization;
use Drupal\logystera\Agent\AuthorizationFailed;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Form\FlushReportTrait;
use Logystera\Agent\Exception\AgentException;
use Symfony\Component\DependencyInjection\ContainerInterface;
use Symfony\Component\HttpFoundation\RedirectResponse;
use Symfony\Component\HttpFoundation\Request;

/**
 * Where the gateway sends the browser back to.
 */
final class ConnectController extends ControllerBase {

  use FlushReportTrait;

  public function __construct(
    private readonly Authorization $authorization,
    private readonly Connection $connection,
    private readonly Dispatch $dispatch,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static(
      $container->get(Authorization::class),
      $container->get(Connection::class),
      $container->get(Dispatch::class),
    );
  }

  /**
   * Connects the site, sends what is waiting, and goes on to the settings.
   */
  public function connected(Request $request): RedirectResponse {
    try {
      $credentials = $this->authorization->complete($request);
      $this->connection->connect($credentials);
      $this->messenger()->addStatus($this->t('The site is connected to @url.', ['@url' => $credentials->gatewayUrl()]));
      $this->reportFlush($this->dispatch->flush());
    }
    catch (AuthorizationFailed | AgentException $error) {
      $this->messenger()->addError($error->getMessage());
    }
    // The code is not to stay in the address, nor to be sent on as a referrer.
    $response = $this->redirect('logystera.settings', [], [], 303);
    $response->headers->set('Referrer-Policy', 'no-referrer');
    return $response;
  }

}
