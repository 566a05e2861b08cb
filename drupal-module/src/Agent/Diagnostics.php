<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Drupal\Core\State\StateInterface;
use Drupal\logystera\Signal\Catalogue;
use Drupal\logystera\Signal\Router;

/**
 * Facts for whoever looks for the cause of trouble. Never a secret.
 *
 * Not even the entity token or the whole address of the gateway: a report is
 * pasted into mails and issues.
 */
final class Diagnostics {

  /**
   * How many files of the buffer are named.
   */
  private const FILES = 20;

  public function __construct(
    private readonly AgentInterface $agent,
    private readonly BufferDirectory $directory,
    private readonly BufferView $buffer,
    private readonly Connection $connection,
    private readonly Dispatch $dispatch,
    private readonly Proxy $proxy,
    private readonly StateInterface $state,
    private readonly Catalogue $catalogue,
    private readonly array $settings,
  ) {}

  /**
   * Every fact, by section.
   *
   * @return array<string, array<string, string>>
   *   Section => fact => value.
   */
  public function facts(): array {
    return [
      'Agent' => $this->agentFacts(),
      'Buffer' => $this->bufferFacts(),
      'Dispatch' => $this->dispatchFacts(),
      'Platform' => $this->platformFacts(),
      'Mapper errors' => $this->mapperErrors(),
    ];
  }

  /**
   * The facts as text to copy.
   */
  public function text(): string {
    $text = '';
    foreach ($this->facts() as $section => $facts) {
      $text .= "[$section]\n";
      foreach ($facts as $name => $value) {
        $text .= "$name: $value\n";
      }
      $text .= "\n";
    }
    return rtrim($text) . "\n";
  }

  /**
   * The extension and what it records.
   */
  private function agentFacts(): array {
    $signals = $this->catalogue->all();
    $wanted = array_filter($signals, fn(array $signal): bool => $this->agent->wants($signal['type']));
    return [
      'extension' => (string) (phpversion('logystera') ?: 'not loaded'),
      'oldest supported extension' => AgentFactory::MINIMUM_EXTENSION,
      'problem' => $this->agent->problem() ?? 'none',
      'signals' => sprintf('%d recorded of %d known', count($wanted), count($signals)),
      'logystera.enabled' => (string) ini_get('logystera.enabled'),
      'logystera.max_events_per_request' => (string) ini_get('logystera.max_events_per_request'),
      'logystera.durability' => (string) ini_get('logystera.durability'),
    ];
  }

  /**
   * The directory and what is in it.
   */
  private function bufferFacts(): array {
    $path = $this->directory->path();
    $facts = ['directory' => $path ?? 'none', 'shared with' => (string) ($this->settings['buffer_share'] ?? 'user')];
    if ($path !== NULL && is_dir($path)) {
      $facts['mode and owner'] = sprintf('%04o, uid %d, gid %d', fileperms($path) & 07777, fileowner($path), filegroup($path));
    }
    try {
      $stats = $this->buffer->stats();
      $facts['size'] = "{$stats['bytes']} of {$stats['cap_bytes']} bytes in {$stats['files']} files";
      foreach ($stats['dropped'] as $reason => $drop) {
        $facts["dropped: $reason"] = (string) $drop['count'];
      }
      foreach (array_slice($this->buffer->files(), 0, self::FILES) as $file) {
        $facts["file $file[name]"] = "$file[bytes] bytes";
      }
    }
    catch (\RuntimeException $error) {
      $facts['error'] = $error->getMessage();
    }
    return $facts;
  }

  /**
   * Where things are sent, and how that goes.
   */
  private function dispatchFacts(): array {
    $facts = [
      'connected' => $this->connection->isConnected() ? 'yes' : 'no',
      'mode' => (string) ($this->settings['dispatch_mode'] ?? 'cron'),
      'batch size' => (string) ($this->settings['batch_size'] ?? ''),
      'proxy' => $this->proxy->address() === '' ? 'none' : 'set',
      'proxy password' => $this->proxy->passwordState(),
      'certificate authorities' => empty($this->settings['ca_bundle']) ? "the system's" : 'a file of its own',
    ];
    foreach ($this->dispatch->state() ?? [] as $name => $value) {
      $facts[$name] = is_bool($value) ? ($value ? 'yes' : 'no') : (string) ($value ?? 'none');
    }
    return $facts;
  }

  /**
   * PHP, Drupal and the machine.
   */
  private function platformFacts(): array {
    return [
      'Drupal' => \Drupal::VERSION,
      'PHP' => PHP_VERSION . ' ' . PHP_SAPI,
      'thread safe' => PHP_ZTS ? 'yes' : 'no',
      'OPcache' => function_exists('opcache_get_status') && ini_get('opcache.enable') ? 'on' : 'off',
      'memory limit' => (string) ini_get('memory_limit'),
      'system' => php_uname('s') . ' ' . php_uname('r') . ' ' . php_uname('m'),
      'user id' => function_exists('posix_geteuid') ? (string) posix_geteuid() : 'unknown',
    ];
  }

  /**
   * What failed while signals were made: class and place, no message.
   */
  private function mapperErrors(): array {
    return array_map(
      static fn(array $error): string => "$error[count] times, last $error[class] at $error[place]",
      $this->state->get(Router::ERRORS, []),
    ) ?: ['none' => '0'];
  }

}
