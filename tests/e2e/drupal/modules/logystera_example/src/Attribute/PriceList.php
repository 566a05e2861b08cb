<?php

declare(strict_types=1);

namespace Drupal\logystera_example\Attribute;

use Drupal\logystera\Attribute\Signal;

/**
 * Declares a signal about price lists: its labels and its cap stand here.
 */
#[\Attribute(\Attribute::TARGET_METHOD)]
final class PriceList extends Signal {

  /**
   * Connects a mapper to its source.
   *
   * @param string $change
   *   What happened to the list: the second half of the signal's type.
   * @param string $on
   *   What the mapper listens to.
   * @param string $summary
   *   What the signal says, in a sentence for the administrator.
   */
  public function __construct(string $change, string $on, string $summary) {
    parent::__construct(
      type: "price_list.$change",
      on: $on,
      labels: [
        'name' => 'string',
        'size_bytes' => 'integer',
        'note' => 'message',
        'actor_uid' => 'uid',
      ],
      cap: 2,
      summary: $summary,
      group: 'shop',
    );
  }

}
