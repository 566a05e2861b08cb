<?php

declare(strict_types=1);

namespace Drupal\logystera\Controller;

use Drupal\Core\Controller\ControllerBase;
use Drupal\logystera\Agent\Diagnostics;
use Drupal\logystera\Render\WideTableTrait;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * Facts for whoever looks for the cause of trouble.
 */
final class DebugController extends ControllerBase {

  use WideTableTrait;

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
      $build[$section] = $this->factTable($section, $facts);
    }
    $build['report'] = $this->copyable();
    $build['#attached']['library'][] = 'logystera/admin';
    return $build;
  }

  /**
   * The report as text.
   */
  private function copyable(): array {
    return [
      '#type' => 'details',
      '#title' => $this->t('Report to copy'),
      '#description' => $this->t('It contains no secret, no token, no account and no recorded signal. Click it to select all.'),
      '#open' => TRUE,
      'text' => [
        '#type' => 'html_tag',
        '#tag' => 'pre',
        '#attributes' => [
          'id' => 'logystera-report',
          'class' => ['logystera-payload', 'logystera-payload--whole'],
          'role' => 'region',
          'tabindex' => 0,
          'aria-label' => $this->t('Report'),
        ],
        'report' => ['#plain_text' => $this->diagnostics->text()],
      ],
    ];
  }

}
