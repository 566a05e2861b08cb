<?php

declare(strict_types=1);

namespace Drupal\logystera_bench;

use Drupal\Core\Site\Settings;
use Drupal\logystera\Agent\AgentFactory;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\BufferDirectory;

/**
 * Makes the agent settings.php asks for.
 *
 * $settings['logystera_bench_agent'] is 'native' or 'php'; with
 * $settings['logystera_bench_samples'] the time spent in the agent is appended
 * to that file, one number of nanoseconds a request.
 */
final class BenchAgentFactory {

  public function __construct(
    private readonly BufferDirectory $directory,
    private readonly AgentFactory $native,
    private readonly array $settings,
  ) {}

  /**
   * The agent of this request.
   */
  public function create(): AgentInterface {
    $start = hrtime(TRUE);
    $agent = Settings::get('logystera_bench_agent') === 'php'
      ? new PhpAgent((string) $this->directory->path(), $this->settings, hash_hmac('sha256', 'accounts', Settings::getHashSalt()))
      : $this->native->create();
    $elapsed = hrtime(TRUE) - $start;
    $samples = Settings::get('logystera_bench_samples');
    return $samples ? new TimedAgent($agent, $elapsed, $samples) : $agent;
  }

}
