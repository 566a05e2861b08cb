<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Logystera\Agent\Recorder;

/**
 * Keeps signals with the extension.
 */
final class NativeAgent implements AgentInterface {

  public function __construct(
    private readonly Recorder $recorder,
    private readonly ?string $problem = NULL,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function wants(string $type): bool {
    return $this->recorder->wants($type);
  }

  /**
   * {@inheritdoc}
   */
  public function record(string $type, array $labels): bool {
    return $this->recorder->record($type, $labels);
  }

  /**
   * {@inheritdoc}
   */
  public function hashId(string $id): string {
    return $this->recorder->hashId($id);
  }

  /**
   * {@inheritdoc}
   */
  public function commit(): void {
    $this->recorder->commit();
  }

  /**
   * {@inheritdoc}
   */
  public function problem(): ?string {
    return $this->problem;
  }

}
