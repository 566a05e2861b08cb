<?php

declare(strict_types=1);

namespace Drupal\logystera\Hook;

use Drupal\Core\Hook\Attribute\Hook;
use Drupal\Core\Routing\RouteMatchInterface;
use Drupal\Core\State\StateInterface;
use Drupal\Core\StringTranslation\StringTranslationTrait;
use Drupal\Core\Url;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Agent\Proxy;
use Drupal\logystera\Signal\Router;

/**
 * Cron, the status report and the help page.
 */
final class AdminHooks {

  use StringTranslationTrait;

  /**
   * Severities of the status report, named alike in Drupal 10 and 11.
   */
  private const OK = 0;
  private const WARNING = 1;
  private const ERROR = 2;

  public function __construct(
    private readonly AgentInterface $agent,
    private readonly Connection $connection,
    private readonly Dispatch $dispatch,
    private readonly Proxy $proxy,
    private readonly StateInterface $state,
    private readonly Router $router,
  ) {}

  /**
   * Implements hook_cron().
   */
  #[Hook('cron')]
  public function cron(): void {
    $this->router->on('hook:cron');
    // One that was saved by a PHP without the extension.
    $this->proxy->secure();
    if ($this->dispatch->isForCron()) {
      $this->dispatch->flush();
    }
  }

  /**
   * Implements hook_runtime_requirements().
   */
  #[Hook('runtime_requirements')]
  public function runtimeRequirements(): array {
    $findings = [
      'logystera' => ['title' => $this->t('Logystera')] + $this->health(),
      'logystera_dispatch' => ['title' => $this->t('Logystera: sending')] + $this->sending(),
    ];
    if ($proxy = $this->proxyTrouble()) {
      $findings['logystera_proxy'] = ['title' => $this->t('Logystera: proxy')] + $proxy;
    }
    return $findings;
  }

  /**
   * Implements hook_theme().
   */
  #[Hook('theme')]
  public function theme(): array {
    return [
      'logystera_cards' => ['variables' => ['cards' => []]],
      'logystera_activity' => [
        'variables' => [
          'summary' => '',
          'bars' => [],
          'width' => 0,
          'height' => 0,
          'bar_width' => 0,
          'from' => '',
          'to' => '',
          'table' => [],
        ],
      ],
    ];
  }

  /**
   * Implements hook_help().
   */
  #[Hook('help')]
  public function help(string $route_name, RouteMatchInterface $route_match): string {
    if ($route_name !== 'help.page.logystera') {
      return '';
    }
    $about = $this->t('The Logystera module records what happens on the site as signals: logins, changes of accounts, configuration and modules, requests and more. Signals are stored in a local buffer. Once you connect the site to a Logystera gateway, cron sends them there, signed; before that, nothing leaves the site. By default, every page that PHP serves is recorded with its path, the IP address and the browser of whoever requested it; switch off "Page request" on the <a href=":settings">Settings tab</a> to stop that. For more information, see the <a href=":docs">online documentation for the Logystera module</a>.', [
      ':docs' => 'https://docs.logystera.com/drupal/signals/',
      ':settings' => Url::fromRoute('logystera.settings')->toString(),
    ]);
    $choosing = $this->t('Connect the site and choose signals on the <a href=":settings">Logystera page</a>. Advanced signals are off until you switch them on there.', [
      ':settings' => Url::fromRoute('logystera.settings')->toString(),
    ]);
    $looking = $this->t('The <a href=":status">Status</a>, <a href=":events">Events</a> and <a href=":requests">Ingest Logs</a> tabs show the state of the buffer, the recorded signals (sent ones too, as far as they stay on this site), and the requests to the gateway.', [
      ':status' => Url::fromRoute('logystera.status')->toString(),
      ':events' => Url::fromRoute('logystera.events')->toString(),
      ':requests' => Url::fromRoute('logystera.ingest_logs')->toString(),
    ]);
    $privacy = $this->t('User ids are stored as keyed hashes only. Passwords, cookies, request bodies, query strings, content and configuration values are not recorded.');
    return implode("\n", [
      "<h2>{$this->t('About')}</h2>",
      "<p>$about</p>",
      "<h2>{$this->t('Uses')}</h2>",
      '<dl>',
      "<dt>{$this->t('Connecting the site and choosing signals')}</dt><dd>$choosing</dd>",
      "<dt>{$this->t('Viewing recorded and sent signals')}</dt><dd>$looking</dd>",
      "<dt>{$this->t('Privacy')}</dt><dd>$privacy</dd>",
      '</dl>',
    ]);
  }

  /**
   * The worst thing there is to say about the module.
   */
  private function health(): array {
    if ($problem = $this->agent->problem()) {
      return $this->finding(self::ERROR, $this->t('Not recording correctly'), $problem);
    }
    if ($errors = $this->state->get(Router::ERRORS, [])) {
      $list = implode(', ', array_map(
        static fn(int|string $type, array $error): string => sprintf('%s: %d (%s at %s)', $type, $error['count'], $error['class'], $error['place']),
        array_keys($errors), $errors));
      return $this->finding(self::WARNING, $this->t('Some signals could not be recorded'), [
        ['#plain_text' => "$list. "],
        ['#markup' => $this->t('Rebuilding the caches clears this.')],
      ]);
    }
    if (!$this->connection->isConnected()) {
      return $this->finding(self::WARNING, $this->t('Recording, not connected'), $this->t('Signals stay in the local buffer until you <a href=":settings">connect the site to a gateway</a>.', [
        ':settings' => Url::fromRoute('logystera.settings')->toString(),
      ]));
    }
    return $this->finding(self::OK, $this->t('Recording and connected'), '');
  }

  /**
   * How sending goes.
   */
  private function sending(): array {
    $state = $this->dispatch->state();
    $link = $this->t('See the <a href=":status">Status tab</a>.', [
      ':status' => Url::fromRoute('logystera.status')->toString(),
    ]);
    $status = ['#markup' => $link];
    if (!$state || !$this->connection->isConnected()) {
      return $this->finding(self::OK, $this->t('Nothing sent yet'), $status);
    }
    $remedy = $state['remedy'] ? ['#plain_text' => $state['remedy'] . ' '] : ['#plain_text' => ''];
    if ($state['suspended']) {
      return $this->finding(self::ERROR, $this->t('Suspended after repeated refusals'), [$remedy, $status]);
    }
    if ($state['failures']) {
      $failures = $this->formatPlural($state['failures'], '1 failure', '@count failures in a row');
      return $this->finding(self::WARNING, $failures, [$remedy, $status]);
    }
    return $this->finding(self::OK, $this->t('Sending works'), $status);
  }

  /**
   * What there is to say about the proxy; NULL for nothing.
   */
  private function proxyTrouble(): ?array {
    if ($this->proxy->isExposed()) {
      return $this->finding(self::WARNING, $this->t('The password is in the configuration'), $this->t('Others may read exported configuration. A PHP without the extension saved the password there (the command line?); the next cron run of a PHP with the extension moves it to encrypted storage. Change the password if others could read it.'));
    }
    $problem = $this->proxy->problem();
    return $problem === NULL ? NULL : $this->finding(self::ERROR, $this->t('The proxy cannot be used'), $problem);
  }

  /**
   * One entry of the status report.
   */
  private function finding(int $severity, \Stringable $value, string|\Stringable|array $description): array {
    $names = 'Drupal\Core\Extension\Requirement\RequirementSeverity';
    return [
      'value' => $value,
      'description' => is_string($description) ? ['#plain_text' => $description] : $description,
      'severity' => enum_exists($names) ? $names::from($severity) : $severity,
    ];
  }

}
