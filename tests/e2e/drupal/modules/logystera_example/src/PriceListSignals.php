<?php

declare(strict_types=1);

namespace Drupal\logystera_example;

use Drupal\Core\Session\AccountInterface;
use Drupal\logystera_example\Attribute\PriceList;
use Drupal\logystera_example\Event\PriceListDownloaded;

/**
 * The signals of this module.
 */
final class PriceListSignals {

  public function __construct(private readonly AccountInterface $currentUser) {}

  /**
   * A list was downloaded: an event of the dispatcher needs nothing else.
   */
  #[PriceList('downloaded', on: 'event:' . PriceListDownloaded::class, summary: 'Somebody downloaded a price list.')]
  public function downloaded(PriceListDownloaded $event): array {
    return [
      'name' => $event->name,
      'size_bytes' => $event->bytes,
      'note' => '',
      'actor_uid' => $this->currentUser->id(),
    ];
  }

  /**
   * A list was asked for that there is not: the controller tells the router.
   */
  #[PriceList('missing', on: 'price_list:missing', summary: 'Somebody asked for a price list that there is not.')]
  public function missing(string $note): array {
    return ['name' => '', 'size_bytes' => 0, 'note' => $note, 'actor_uid' => $this->currentUser->id()];
  }

}
