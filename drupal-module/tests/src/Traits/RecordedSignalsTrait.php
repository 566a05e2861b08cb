<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Traits;

use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\BufferDirectory;
use Logystera\Agent\Buffer;

/**
 * Reads what the module under test has recorded, out of its real buffer.
 */
trait RecordedSignalsTrait {

  /**
   * Events in the buffer, the oldest first.
   *
   * @param string $type
   *   Only those of this type; empty for all.
   *
   * @return list<array{event_type: string, event_id: string, created_at: int, labels: array}>
   *   The events.
   */
  protected function recorded(string $type = ''): array {
    \Drupal::service(AgentInterface::class)->commit();
    $buffer = new Buffer((string) \Drupal::service(BufferDirectory::class)->path());
    return array_values(array_filter(array_reverse($buffer->events($type === '' ? [] : ['type' => [$type]], 0, 500)['events'])));
  }

  /**
   * The value of one label in every event of a type.
   */
  protected function recordedLabels(string $type, string $label): array {
    return array_map(static fn(array $event): mixed => $event['labels'][$label], $this->recorded($type));
  }

  /**
   * Waits until that many events of a type are there.
   *
   * A request commits them when its visitor has everything already.
   */
  protected function awaitRecorded(string $type, int $count): void {
    $deadline = time() + 60;
    while (count($this->recorded($type)) < $count && time() < $deadline) {
      usleep(20000);
    }
    $this->assertGreaterThanOrEqual($count, count($this->recorded($type)), $type);
  }

  /**
   * Forgets what was recorded so far.
   */
  protected function emptyBuffer(): void {
    \Drupal::service(AgentInterface::class)->commit();
    (new Buffer((string) \Drupal::service(BufferDirectory::class)->path()))->clear();
  }

  /**
   * Has everything in the buffer count as sent, as a dispatcher leaves it.
   */
  protected function markAllSent(): void {
    \Drupal::service(AgentInterface::class)->commit();
    $directory = (string) \Drupal::service(BufferDirectory::class)->path();
    if (!is_dir("$directory/sent")) {
      mkdir("$directory/sent", 0700);
    }
    $name = sprintf('buffer-%020d-%d-%s.jsonl', hrtime(TRUE), time(), bin2hex(random_bytes(4)));
    $this->assertTrue(rename("$directory/buffer-current.jsonl", "$directory/sent/$name"));
    // A process believes its last look at a file for a second.
    sleep(1);
  }

}
