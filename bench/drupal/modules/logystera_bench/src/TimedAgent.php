<?php

declare(strict_types=1);

namespace Drupal\logystera_bench;

use Drupal\logystera\Agent\AgentInterface;

/**
 * Adds up the time another agent takes, its final commit included.
 */
final class TimedAgent implements AgentInterface {

  public function __construct(
    private readonly AgentInterface $inner,
    private int $nanoseconds,
    private readonly string $samples,
  ) {
    register_shutdown_function(function (): void {
      $this->commit();
      file_put_contents($this->samples, $this->nanoseconds . "\n", FILE_APPEND);
    });
  }

  /**
   * {@inheritdoc}
   */
  public function wants(string $type): bool {
    $start = hrtime(TRUE);
    $result = $this->inner->wants($type);
    $this->nanoseconds += hrtime(TRUE) - $start;
    return $result;
  }

  /**
   * {@inheritdoc}
   */
  public function record(string $type, array $labels): bool {
    $start = hrtime(TRUE);
    $result = $this->inner->record($type, $labels);
    $this->nanoseconds += hrtime(TRUE) - $start;
    return $result;
  }

  /**
   * {@inheritdoc}
   */
  public function hashId(string $id): string {
    $start = hrtime(TRUE);
    $result = $this->inner->hashId($id);
    $this->nanoseconds += hrtime(TRUE) - $start;
    return $result;
  }

  /**
   * {@inheritdoc}
   */
  public function commit(): void {
    $start = hrtime(TRUE);
    $this->inner->commit();
    $this->nanoseconds += hrtime(TRUE) - $start;
  }

  /**
   * {@inheritdoc}
   */
  public function problem(): ?string {
    return $this->inner->problem();
  }

}
