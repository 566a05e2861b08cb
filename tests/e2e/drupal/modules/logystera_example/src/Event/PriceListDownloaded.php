<?php

declare(strict_types=1);

namespace Drupal\logystera_example\Event;

/**
 * Somebody downloaded a price list. An event as any module has them.
 */
final class PriceListDownloaded {

  public function __construct(
    public readonly string $name,
    public readonly int $bytes,
  ) {}

}
