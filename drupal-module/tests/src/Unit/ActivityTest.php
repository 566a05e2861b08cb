<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Unit;

use Drupal\logystera\Agent\Activity;
use Drupal\logystera\Agent\Dispatch;
use Drupal\Tests\UnitTestCase;
use PHPUnit\Framework\Attributes\Group;

/**
 * What is drawn of the last 24 hours.
 *
 * @group logystera
 */
#[Group('logystera')]
final class ActivityTest extends UnitTestCase {

  private const HOUR = 3600;

  /**
   * The start of the first hour.
   */
  private const FIRST = 470000 * self::HOUR;

  /**
   * What was acknowledged is counted in the hour of its request.
   */
  public function testRequestsAreCountedByTheHour(): void {
    $waiting = array_fill_keys(range(self::FIRST, self::FIRST + 23 * self::HOUR, self::HOUR), 0);
    $waiting[self::FIRST + self::HOUR] = 3;
    $activity = Activity::of($waiting, [
      self::request(self::FIRST + 24 * self::HOUR, 1000),
      self::request(self::FIRST + 2 * self::HOUR - 1, 7),
      self::request(self::FIRST + self::HOUR, 5),
      self::request(self::FIRST + self::HOUR, 100, FALSE),
      self::request(self::FIRST, 1),
      self::request(self::FIRST - 1, 1000),
    ]);
    $this->assertSame(['waiting' => 0, 'sent' => 1], $activity->hours[self::FIRST]);
    $this->assertSame(['waiting' => 3, 'sent' => 12], $activity->hours[self::FIRST + self::HOUR]);
    $this->assertCount(24, $activity->hours);
    $this->assertSame([3, 13, 15], [$activity->total('waiting'), $activity->total('sent'), $activity->highest()]);
    $this->assertNull($activity->complete_since);
  }

  /**
   * A history that does not reach back a day is said to end.
   */
  public function testFullHistoryMayNotReachBack(): void {
    $waiting = [self::FIRST => 0, self::FIRST + self::HOUR => 0];
    $recent = array_fill(0, Dispatch::HISTORY_MAX, self::request(self::FIRST + self::HOUR, 1));
    $this->assertSame(self::FIRST + self::HOUR, Activity::of($waiting, $recent)->complete_since);
    $this->assertNull(Activity::of($waiting, array_slice($recent, 1))->complete_since, 'there never were more');
    $recent[] = self::request(self::FIRST - 1, 1);
    $this->assertNull(Activity::of($waiting, $recent)->complete_since, 'it reaches back');
    $this->assertSame(0, Activity::of($waiting, [])->highest());
  }

  /**
   * A request as the dispatcher notes it.
   */
  private static function request(int $at, int $events, bool $acknowledged = TRUE): array {
    return ['at' => $at, 'events' => $events, 'acknowledged' => $acknowledged];
  }

}
