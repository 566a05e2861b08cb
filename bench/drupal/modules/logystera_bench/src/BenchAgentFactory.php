<?php

declare(strict_types=1);

namespace Drupal\logystera_bench;

use Drupal\Core\Site\Settings;
use Drupal\logystera\Agent\AgentFactory;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\BufferDirectory;
use Drupal\logystera\Agent\NativeAgent;
use Logystera\Agent\Recorder;

/**
 * Makes the agent settings.php asks for.
 *
 * Without $settings['logystera_bench_agent'] it is the module's own. With it
 * ('native', 'php' or 'idle') all are made from the same directory, toggles
 * and key, and with $settings['logystera_bench_samples'] the time from there on that is
 * spent in the agent is appended to that file, a number of nanoseconds for each
 * request.
 */
final class BenchAgentFactory {

  public function __construct(
    private readonly BufferDirectory $directory,
    private readonly AgentFactory $own,
    private readonly array $settings,
    private readonly string $appRoot,
  ) {}

  /**
   * The agent of this request.
   */
  public function create(): AgentInterface {
    $kind = Settings::get('logystera_bench_agent');
    if (!$kind) {
      return $this->own->create();
    }
    $path = (string) $this->directory->path();
    $key = hash_hmac('sha256', 'accounts', Settings::getHashSalt());
    $toggles = array_filter($this->settings, is_array(...));
    $start = hrtime(TRUE);
    $agent = match ($kind) {
      'php' => new PhpAgent($path, $toggles, $key),
      'idle' => new IdleAgent(),
      'native' => new NativeAgent(new Recorder($path, [
        'toggles' => $toggles,
        'uid_key' => $key,
        'root' => $this->appRoot,
        'anonymize_ip' => FALSE,
        'share' => 'user',
      ])),
    };
    $elapsed = hrtime(TRUE) - $start;
    $samples = Settings::get('logystera_bench_samples');
    return $samples ? new TimedAgent($agent, $elapsed, $samples) : $agent;
  }

}
