<?php

declare(strict_types=1);

namespace Drupal\logystera\Controller;

use Drupal\Core\Controller\ControllerBase;
use Drupal\Core\Datetime\DateFormatterInterface;
use Drupal\Core\Pager\PagerManagerInterface;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Render\WideTableTrait;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * The requests made to the gateway, as the extension has noted them.
 */
final class IngestLogsController extends ControllerBase {

  use WideTableTrait;

  private const PER_PAGE = 50;

  public function __construct(
    private readonly Dispatch $dispatch,
    private readonly PagerManagerInterface $pagers,
    private readonly DateFormatterInterface $dates,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static($container->get(Dispatch::class), $container->get('pager.manager'), $container->get('date.formatter'));
  }

  /**
   * The list, the latest first.
   */
  public function list(): array {
    $requests = $this->dispatch->history();
    $page = $this->pagers->createPager(count($requests), self::PER_PAGE)->getCurrentPage();
    return [
      'requests' => $this->wideTable(
        $this->t('The last requests to the gateway'),
        [
          $this->t('Time'),
          $this->t('Events'),
          $this->t('Bytes'),
          $this->t('HTTP code'),
          $this->t('Duration'),
          $this->t('Acknowledged'),
          $this->t('Error'),
        ],
        array_map(fn(array $request): array => [
          ['data' => $this->dates->format($request['at'], 'custom', 'Y-m-d H:i:s'), 'class' => ['logystera-nowrap']],
          $request['events'],
          $request['bytes'],
          $request['http_status'] ?: $this->t('none'),
          $this->t('@count ms', ['@count' => $request['duration_ms']]),
          $request['acknowledged'] ? $this->t('Yes') : $this->t('No'),
          (string) $request['error'],
        ], array_slice($requests, $page * self::PER_PAGE, self::PER_PAGE)),
        $this->t('No request has been sent to a gateway yet.'),
      ),
      'pager' => ['#type' => 'pager'],
      '#attached' => ['library' => ['logystera/admin']],
      '#cache' => ['max-age' => 0],
    ];
  }

}
