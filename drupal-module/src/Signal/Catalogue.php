<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\logystera\Agent\AgentFactory;
use Logystera\Agent\Recorder;

/**
 * The signals the extension knows; none where there is no extension.
 */
final class Catalogue {

  public const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'];

  /**
   * Type => description; NULL until it is asked for.
   *
   * @var array<string, array>|null
   */
  private ?array $signals = NULL;

  /**
   * Every signal by type.
   */
  public function all(): array {
    return $this->signals ??= AgentFactory::extensionProblem() ? [] : array_column(Recorder::signals(), NULL, 'type');
  }

  /**
   * How severe a type is.
   */
  public function severityOf(string $type): string {
    return $this->all()[$type]['severity'] ?? 'info';
  }

  /**
   * What a type says, in a sentence.
   */
  public function summaryOf(string $type): string {
    return $this->all()[$type]['summary'] ?? '';
  }

}
