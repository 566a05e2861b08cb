<?php

declare(strict_types=1);

namespace Drupal\logystera\Render;

use Drupal\Core\StringTranslation\TranslatableMarkup;

/**
 * Tables that scroll by themselves where a screen is too narrow for them.
 */
trait WideTableTrait {

  /**
   * A table in a region that can be scrolled, also with the keyboard.
   *
   * @param \Drupal\Core\StringTranslation\TranslatableMarkup|string $caption
   *   Says what the table is.
   * @param array $header
   *   Its header.
   * @param array $rows
   *   Its rows.
   * @param \Drupal\Core\StringTranslation\TranslatableMarkup|string $empty
   *   What to say when there is no row.
   */
  private function wideTable(TranslatableMarkup|string $caption, array $header, array $rows, TranslatableMarkup|string $empty = ''): array {
    return [
      '#type' => 'container',
      '#attributes' => [
        'class' => ['logystera-scroll'],
        'role' => 'region',
        'tabindex' => 0,
        'aria-label' => $caption,
      ],
      'table' => [
        '#type' => 'table',
        '#caption' => $caption,
        '#header' => $header,
        '#rows' => $rows,
        '#empty' => $empty,
      ],
    ];
  }

  /**
   * A table of names and values, each name heading its row.
   *
   * @param \Drupal\Core\StringTranslation\TranslatableMarkup|string $caption
   *   Says what the table is.
   * @param array<string, string|\Stringable> $facts
   *   Name => value.
   */
  private function factTable(TranslatableMarkup|string $caption, array $facts): array {
    $rows = [];
    foreach ($facts as $name => $value) {
      $rows[] = [['data' => $name, 'header' => TRUE, 'scope' => 'row'], $value];
    }
    return $this->wideTable($caption, [], $rows);
  }

}
