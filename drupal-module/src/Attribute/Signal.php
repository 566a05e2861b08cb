<?php

declare(strict_types=1);

namespace Drupal\logystera\Attribute;

/**
 * Marks a method that turns what happened into the labels of a signal.
 *
 * The method gets the arguments of its source and returns the labels by name,
 * NULL when there is nothing to record, or yields several sets of labels. Cap,
 * default and configuration key of the signal come from the catalogue.
 */
#[\Attribute(\Attribute::TARGET_METHOD | \Attribute::IS_REPEATABLE)]
final class Signal {

  /**
   * Connects a mapper to its source.
   *
   * @param string $type
   *   The type of the signal, for example "auth.login".
   * @param string $on
   *   What it listens to: "hook:NAME", "event:NAME" or "service:ID.METHOD".
   */
  public function __construct(
    public readonly string $type,
    public readonly string $on,
  ) {}

}
