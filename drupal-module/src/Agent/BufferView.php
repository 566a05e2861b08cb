<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Logystera\Agent\Buffer;
use Logystera\Agent\Exception\BufferUnavailable;

/**
 * Looks into the buffer. The extension reads it, a page of events at a time.
 */
final class BufferView {

  /**
   * How many events the extension gives at once.
   */
  public const PAGE_MAX = 500;

  /**
   * As much of a line as says when it was recorded.
   */
  private const LINE_BYTES_MAX = 256;

  public function __construct(
    private readonly AgentInterface $agent,
    private readonly BufferDirectory $directory,
    private readonly array $settings,
  ) {}

  /**
   * Bytes, files and drops by reason.
   *
   * @throws \Logystera\Agent\Exception\AgentException
   *   When the buffer cannot be read.
   */
  public function stats(): array {
    return $this->buffer()->stats();
  }

  /**
   * Name and size of each file, the oldest first.
   *
   * @throws \Logystera\Agent\Exception\AgentException
   *   When the buffer cannot be read.
   */
  public function files(): array {
    return $this->buffer()->files();
  }

  /**
   * A page of events, the newest first.
   *
   * @param array $filter
   *   Any of type, severity (lists), since, until (unix times), text and
   *   delivery: "waiting", unless given, "sent" or "any".
   * @param int $offset
   *   How many to leave out.
   * @param int $limit
   *   How many to give, 500 at most.
   *
   * @return array{total: int, invalid: int, events: list<array>, sent: list<bool>, hours: array<int, int>}
   *   How many fit the filter, how many lines cannot be read, the page, which
   *   of its events were sent, and how many that fit were recorded in each of
   *   the last 24 hours, by its start.
   *
   * @throws \Logystera\Agent\Exception\AgentException
   *   When the buffer cannot be read, or a filter is wrong.
   */
  public function events(array $filter = [], int $offset = 0, int $limit = 50): array {
    // What this very request has recorded is to be seen as well.
    $this->agent->commit();
    $buffer = $this->buffer();
    if (!AgentFactory::retainsSent()) {
      unset($filter['delivery']);
    }
    /** @var array{total: int, invalid: int, events: list<array>, sent?: list<bool>, hours: array<int, int>} $page */
    $page = $buffer->events($filter, $offset, $limit);
    return $page + ['sent' => array_fill(0, count($page['events']), FALSE)];
  }

  /**
   * One event; NULL when it is not, or no longer, to be found on this site.
   *
   * @throws \Logystera\Agent\Exception\AgentException
   *   When the buffer cannot be read.
   */
  public function event(string $id): ?array {
    foreach ($this->events(['text' => $id, 'delivery' => 'any'])['events'] as $event) {
      if (($event['event_id'] ?? NULL) === $id) {
        return $event;
      }
    }
    return NULL;
  }

  /**
   * When the first event of the oldest file was recorded; NULL for none.
   *
   * Going through the whole buffer for its last page would take as long again
   * as showing the first.
   *
   * @throws \Logystera\Agent\Exception\AgentException
   *   When the buffer cannot be read.
   */
  public function oldest(): ?int {
    foreach ($this->files() as $file) {
      $line = @file_get_contents($this->directory->path() . "/$file[name]", FALSE, NULL, 0, self::LINE_BYTES_MAX);
      if (preg_match('/^\{"event_type":"[^"]+","created_at":(\d{1,12}),/', (string) $line, $found)) {
        return (int) $found[1];
      }
    }
    return NULL;
  }

  /**
   * The buffer.
   */
  private function buffer(): Buffer {
    $path = $this->directory->path();
    if ($path === NULL || AgentFactory::extensionProblem()) {
      throw self::unavailable((string) $this->agent->problem());
    }
    return new Buffer($path, ['share' => $this->settings['buffer_share'] ?? 'user']);
  }

  /**
   * The exception of the extension, or its like where there is no extension.
   */
  private static function unavailable(string $message): \RuntimeException {
    return class_exists(BufferUnavailable::class, FALSE) ? new BufferUnavailable($message) : new \RuntimeException($message);
  }

}
