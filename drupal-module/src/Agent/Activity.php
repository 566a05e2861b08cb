<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

/**
 * What was recorded and sent in each of the last 24 hours.
 *
 * Nothing is kept for it: what waits is counted by the extension while it reads
 * the buffer for its depth anyway, what was sent stands in the dispatcher's
 * history of requests.
 */
final class Activity {

  private const HOUR_SECONDS = 3600;

  /**
   * Constructs the activity.
   *
   * @param array<int, array{waiting: int, sent: int}> $hours
   *   Start of the hour (unix time) => signals, the oldest first.
   * @param int|null $complete_since
   *   From when on everything sent is known; NULL for all of the time.
   */
  private function __construct(
    public readonly array $hours,
    public readonly ?int $complete_since,
  ) {}

  /**
   * Puts it together.
   *
   * @param array<int, int> $waiting
   *   Start of the hour => signals recorded in it that are still in the buffer,
   *   as BufferView::events() counts them.
   * @param list<array> $requests
   *   As Dispatch::history() gives them.
   */
  public static function of(array $waiting, array $requests): self {
    $hours = array_map(static fn(int $count): array => ['waiting' => $count, 'sent' => 0], $waiting);
    $first = array_key_first($hours);
    foreach ($requests as $request) {
      $hour = $request['at'] - $request['at'] % self::HOUR_SECONDS;
      if ($request['acknowledged'] && isset($hours[$hour])) {
        $hours[$hour]['sent'] += $request['events'];
      }
    }
    $oldest = $requests ? min(array_column($requests, 'at')) : NULL;
    return new self($hours, count($requests) >= Dispatch::HISTORY_MAX && $oldest > $first ? $oldest : NULL);
  }

  /**
   * How many signals that are altogether.
   *
   * @param string $series
   *   Either "waiting" or "sent".
   */
  public function total(string $series): int {
    return array_sum(array_column($this->hours, $series));
  }

  /**
   * The most there is in one hour, both series on top of each other.
   */
  public function highest(): int {
    return (int) max(0, ...array_map(array_sum(...), array_values($this->hours)));
  }

}
