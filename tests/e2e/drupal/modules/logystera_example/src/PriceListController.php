<?php

declare(strict_types=1);

namespace Drupal\logystera_example;

use Drupal\Core\Controller\ControllerBase;
use Drupal\logystera\Signal\Router;
use Drupal\logystera_example\Event\PriceListDownloaded;
use Symfony\Component\DependencyInjection\ContainerInterface;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;
use Symfony\Contracts\EventDispatcher\EventDispatcherInterface;

/**
 * Price lists to download: one, or all at once.
 */
final class PriceListController extends ControllerBase {

  private const LISTS = [
    'bolts' => "M4,0.08\nM6,0.11\n",
    'nuts' => "M4,0.03\nM6,0.05\n",
    'washers' => "M4,0.01\n",
  ];

  public function __construct(
    private readonly EventDispatcherInterface $dispatcher,
    private readonly Router $router,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static($container->get('event_dispatcher'), $container->get(Router::class));
  }

  /**
   * The list of that name.
   */
  public function download(string $name): Response {
    $lists = $name === 'all' ? self::LISTS : array_intersect_key(self::LISTS, [$name => TRUE]);
    if (!$lists) {
      $this->router->on('price_list:missing', "no list called '$name'");
      throw new NotFoundHttpException();
    }
    foreach ($lists as $one => $text) {
      $this->dispatcher->dispatch(new PriceListDownloaded($one, strlen($text)));
    }
    return new Response(implode($lists), 200, ['Content-Type' => 'text/csv']);
  }

}
