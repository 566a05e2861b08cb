<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\logystera\Agent\AgentFactory;
use Logystera\Agent\Recorder;

/**
 * The signals the extension knows and those that modules declare.
 *
 * None where there is no extension.
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
   * Constructs the catalogue.
   *
   * @param list<array> $declared
   *   What modules declare, in the form of the extension's own.
   */
  public function __construct(private readonly array $declared) {}

  /**
   * Every signal by type.
   */
  public function all(): array {
    if ($this->signals === NULL) {
      $known = AgentFactory::extensionProblem() ? [] : [...$this->declared, ...Recorder::signals()];
      $this->signals = array_column($known, NULL, 'type');
    }
    return $this->signals;
  }

  /**
   * What modules declare.
   *
   * @return list<array>
   *   Descriptions of signals.
   */
  public function declared(): array {
    return $this->declared;
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
