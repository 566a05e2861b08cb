<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Core\Extension\ModuleHandlerInterface;
use Drupal\Core\State\StateInterface;

/**
 * Newer releases, as far as the Update module has heard of them.
 */
final class AvailableUpdates {

  /**
   * Which releases were told: project => installed and recommended version.
   */
  public const TOLD = 'logystera.updates_told';

  /**
   * Statuses of the Update module: not secure, revoked, unsupported, outdated.
   */
  private const OUTDATED = [1, 2, 3, 4];
  private const NOT_SECURE = 1;

  public function __construct(
    private readonly ModuleHandlerInterface $moduleHandler,
    private readonly StateInterface $state,
  ) {}

  /**
   * Labels of each release that was not told before.
   */
  public function unheard(): \Generator {
    if (!$this->moduleHandler->moduleExists('update') || !($available = update_get_available(FALSE))) {
      return;
    }
    $this->moduleHandler->loadInclude('update', 'inc', 'update.compare');
    $told = $this->state->get(self::TOLD, []);
    $now = [];
    foreach (update_calculate_project_data($available) as $name => $project) {
      if (!in_array($project['status'] ?? NULL, self::OUTDATED, TRUE)) {
        continue;
      }
      $installed = (string) ($project['existing_version'] ?? '');
      $recommended = (string) ($project['recommended'] ?? $project['latest_version'] ?? '');
      $security = $project['status'] === self::NOT_SECURE || !empty($project['security updates']);
      $now[$name] = "$installed $recommended" . ($security ? ' security' : '');
      if (($told[$name] ?? NULL) !== $now[$name]) {
        yield [
          'project' => $name,
          'project_type' => strtok((string) ($project['project_type'] ?? ''), '-'),
          'installed' => $installed,
          'recommended' => $recommended,
          'security' => $security,
        ];
      }
    }
    if ($now !== $told) {
      $this->state->set(self::TOLD, $now);
    }
  }

}
