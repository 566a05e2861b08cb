<?php

declare(strict_types=1);

namespace Drupal\logystera\Controller;

use Drupal\Core\Controller\ControllerBase;
use Drupal\Core\Url;
use Drupal\logystera\Agent\Diagnostics;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * Facts for whoever looks for the cause of trouble.
 */
final class DebugController extends ControllerBase {

  public function __construct(private readonly Diagnostics $diagnostics) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static($container->get(Diagnostics::class));
  }

  /**
   * The Debug tab.
   */
  public function report(): array {
    $build = ['#cache' => ['max-age' => 0]];
    foreach ($this->diagnostics->facts() as $section => $facts) {
      $build[$section] = [
        '#type' => 'table',
        '#caption' => $section,
        '#header' => [$this->t('Fact'), $this->t('Value')],
        '#rows' => array_map(NULL, array_keys($facts), array_values($facts)),
      ];
    }
    $build['report'] = $this->copyable();
    return $build;
  }

  /**
   * The Support tab.
   */
  public function support(): array {
    return [
      'where' => [
        '#theme' => 'item_list',
        '#items' => [
          $this->t('First see the <a href=":status">status report</a> and the <a href=":own">Status tab</a>: both say what to do about what they find.', [
            ':status' => Url::fromRoute('system.status')->toString(),
            ':own' => Url::fromRoute('logystera.status')->toString(),
          ]),
          $this->t('Then send a description of what you did, expected and saw to the operator of your gateway, with the report below. Nothing is sent from this page.'),
        ],
      ],
      'report' => $this->copyable(),
      '#cache' => ['max-age' => 0],
    ];
  }

  /**
   * The report as text.
   */
  private function copyable(): array {
    return [
      '#type' => 'textarea',
      '#title' => $this->t('Report to copy'),
      '#description' => $this->t('It contains no secret, no token, no account and no recorded signal.'),
      '#value' => $this->diagnostics->text(),
      // A form would add this one; without, its template warns.
      '#description_display' => 'after',
      '#rows' => 20,
      '#attributes' => ['readonly' => 'readonly'],
    ];
  }

}
