<?php

declare(strict_types=1);

namespace Drupal\logystera\Drush\Commands;

use Consolidation\AnnotatedCommand\CommandResult;
use Consolidation\OutputFormatters\Options\FormatterOptions;
use Consolidation\OutputFormatters\StructuredData\PropertyList;
use Consolidation\OutputFormatters\StructuredData\RowsOfFields;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\BufferView;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Agent\Verification;
use Drupal\logystera\Controller\PrivacyController;
use Drupal\logystera\Signal\Catalogue;
use Drupal\logystera\Signal\Router;
use Drupal\logystera\Signal\SignalText;
use Drush\Attributes as CLI;
use Drush\Commands\AutowireTrait;
use Drush\Commands\DrushCommands;
use Logystera\Agent\Credentials;
use Logystera\Agent\Exception\AgentException;

/**
 * What the administration pages do, on the command line.
 *
 * Every command ends with 0 when all is well and with 1 otherwise.
 */
final class LogysteraCommands extends DrushCommands {

  use AutowireTrait;

  public const STATUS = 'logystera:status';
  public const FLUSH = 'logystera:flush';
  public const EVENTS = 'logystera:events';
  public const TEST = 'logystera:test';
  public const CONNECT = 'logystera:connect';
  public const VERIFY = 'logystera:verify';

  /**
   * Where the secret may be given; arguments are seen by everybody.
   */
  private const SECRET_VARIABLE = 'LOGYSTERA_SECRET';

  /**
   * More than any secret has.
   */
  private const SECRET_BYTES_MAX = 1024;

  /**
   * What a run of the dispatcher is told by.
   */
  private const RUN_LABELS = [
    'status' => 'Status',
    'sent' => 'Signals sent',
    'batches' => 'Requests acknowledged',
    'dead_lettered' => 'Signals moved to dead/',
    'remaining_bytes' => 'Bytes still waiting',
    'retry_at' => 'Next attempt not before',
    'error' => 'Error',
  ];

  public function __construct(
    private readonly AgentInterface $agent,
    private readonly BufferView $buffer,
    private readonly Connection $connection,
    private readonly Dispatch $dispatch,
    private readonly Verification $verification,
    private readonly Catalogue $catalogue,
    private readonly Router $signals,
    private readonly SignalText $text,
  ) {
    parent::__construct();
  }

  /**
   * Shows the state of recording and sending.
   */
  #[CLI\Command(name: self::STATUS)]
  #[CLI\FieldLabels(labels: [
    'recording' => 'Recording',
    'connected' => 'Connected to',
    'waiting' => 'Signals waiting',
    'bytes' => 'Bytes in the buffer',
    'cap_bytes' => 'Buffer limit in bytes',
    'oldest' => 'Oldest signal',
    'dropped' => 'Dropped, not yet reported',
    'last_success' => 'Last successful dispatch',
    'last_attempt' => 'Last attempt',
    'next_attempt' => 'Next attempt not before',
    'suspended' => 'Suspended',
    'failures' => 'Failures in a row',
    'remedy' => 'What to do',
    'events_sent' => 'Signals sent so far',
  ])]
  #[CLI\Usage(name: 'drush logystera:status --format=json', description: 'For a monitoring system.')]
  public function status(array $options = ['format' => 'table']): PropertyList {
    $state = $this->dispatch->state() ?? [];
    $facts = [
      'recording' => $this->agent->problem() ?? 'yes',
      'connected' => $this->gateway(),
    ];
    try {
      $stats = $this->buffer->stats();
      $facts += [
        'waiting' => $this->buffer->events([], 0, 1)['total'],
        'bytes' => $stats['bytes'],
        'cap_bytes' => $stats['cap_bytes'],
        'oldest' => self::moment($this->buffer->oldest()),
        'dropped' => array_map(static fn(array $drop): int => $drop['count'], $stats['dropped']),
      ];
    }
    catch (\RuntimeException $error) {
      $facts['recording'] = $error->getMessage();
    }
    foreach (['last_success', 'last_attempt', 'next_attempt'] as $name) {
      $facts[$name] = self::moment($state[$name] ?? NULL);
    }
    $facts += [
      'suspended' => (bool) ($state['suspended'] ?? FALSE),
      'failures' => $state['failures'] ?? 0,
      'remedy' => $state['remedy'] ?? NULL,
      'events_sent' => $state['events_sent'] ?? 0,
    ];
    $list = new PropertyList($facts);
    $list->addRendererFunction(self::cell(...));
    return $list;
  }

  /**
   * Sends what is waiting in the buffer.
   */
  #[CLI\Command(name: self::FLUSH)]
  #[CLI\Option(name: 'now', description: 'End a suspension or a wait first.')]
  #[CLI\FieldLabels(labels: self::RUN_LABELS)]
  public function flush(array $options = ['format' => 'table', 'now' => FALSE]): CommandResult {
    if ($options['now']) {
      $this->dispatch->resume();
    }
    return $this->run();
  }

  /**
   * Records a test signal and sends it.
   */
  #[CLI\Command(name: self::TEST)]
  #[CLI\FieldLabels(labels: self::RUN_LABELS)]
  public function test(array $options = ['format' => 'table']): CommandResult {
    $this->signals->on('module:changed', 'test');
    return $this->run();
  }

  /**
   * Lists the recorded signals, newest first.
   */
  #[CLI\Command(name: self::EVENTS)]
  #[CLI\Option(name: 'type', description: 'Only signals of this type.')]
  #[CLI\Option(name: 'severity', description: 'Only signals of this severity: info, low, medium, high or critical.')]
  #[CLI\Option(name: 'since', description: 'Only signals recorded since then: a date, a time or "-2 hours".')]
  #[CLI\Option(name: 'until', description: 'Only signals recorded until then.')]
  #[CLI\Option(name: 'delivery', description: 'Which signals: waiting, sent or any.')]
  #[CLI\Option(name: 'text', description: 'Only signals that contain this text.')]
  #[CLI\Option(name: 'limit', description: 'How many to list, 500 at most.')]
  #[CLI\Option(name: 'offset', description: 'How many to skip first.')]
  #[CLI\FieldLabels(labels: [
    'time' => 'Time',
    'type' => 'Signal',
    'name' => 'Name',
    'what' => 'What happened',
    'severity' => 'Severity',
    'labels' => 'Labels',
    'delivery' => 'Sending',
    'event_id' => 'Id',
  ])]
  #[CLI\DefaultTableFields(fields: ['time', 'type', 'what'])]
  #[CLI\Usage(name: 'drush logystera:events --type=auth.login_failed --since="-1 hour"', description: 'Failed logins of the last hour.')]
  public function events(
    array $options = [
      'format' => 'table',
      'type' => self::REQ,
      'severity' => self::REQ,
      'since' => self::REQ,
      'until' => self::REQ,
      'delivery' => 'waiting',
      'text' => self::REQ,
      'limit' => '50',
      'offset' => '0',
    ],
  ): RowsOfFields {
    if (!in_array($options['delivery'], ['waiting', 'sent', 'any'], TRUE)) {
      throw new \InvalidArgumentException("--delivery: '{$options['delivery']}' is not waiting, sent or any.");
    }
    $filter = ['delivery' => $options['delivery']];
    foreach (['type', 'severity'] as $name) {
      if (is_string($options[$name])) {
        $filter[$name] = [$options[$name]];
      }
    }
    foreach (['since', 'until'] as $name) {
      if (is_string($options[$name])) {
        $filter[$name] = strtotime($options[$name]) ?: throw new \InvalidArgumentException("--$name: '{$options[$name]}' is not a date or time.");
      }
    }
    if (is_string($options['text'])) {
      $filter['text'] = $options['text'];
    }
    $rows = [];
    $page = $this->buffer->events($filter, self::number('offset', $options), self::number('limit', $options));
    foreach ($page['events'] as $place => $event) {
      $rows[] = [
        'time' => self::moment($event['created_at']),
        'type' => $event['event_type'],
        'name' => $this->text->name($event['event_type']),
        'what' => $this->text->sentence($event),
        'severity' => $this->catalogue->severityOf($event['event_type']),
        'labels' => $event['labels'],
        'delivery' => $page['sent'][$place] ? 'sent' : 'waiting',
        'event_id' => $event['event_id'],
      ];
    }
    $list = new RowsOfFields($rows);
    $list->addRendererFunction(self::cell(...));
    return $list;
  }

  /**
   * Connects the site with an entity token and its secret.
   */
  #[CLI\Command(name: self::CONNECT)]
  #[CLI\Argument(name: 'token', description: 'The entity token, as "logystera entity add" prints it.')]
  #[CLI\Option(name: 'gateway', description: 'The address of the gateway.')]
  #[CLI\Option(name: 'no-flush', description: 'Do not send the buffered signals right away.')]
  #[CLI\Help(description: 'Connects the site with an entity token and its secret.', synopsis: 'The secret is asked for, or read from the environment variable LOGYSTERA_SECRET or from standard input; never give it as an argument, which every user of the machine can see.')]
  #[CLI\Usage(name: 'drush logystera:connect ent_… --gateway=https://gateway.example.org < secret.txt', description: 'Connects without asking.')]
  #[CLI\FieldLabels(labels: self::RUN_LABELS)]
  public function connect(
    string $token,
    array $options = ['format' => 'table', 'gateway' => PrivacyController::SERVICE, 'no-flush' => FALSE],
  ): CommandResult {
    $credentials = new Credentials($options['gateway'], $token, $this->secret());
    $answer = $this->dispatch->ping($credentials);
    if ($answer['status'] !== 'ok') {
      throw new \RuntimeException("Nothing was changed: {$answer['error']}");
    }
    $this->connection->connect($credentials);
    $this->logger()?->success(dt('The site is connected to @url.', ['@url' => $credentials->gatewayUrl()]));
    return $options['no-flush'] ? CommandResult::dataWithExitCode(new PropertyList(['status' => 'connected']), self::EXIT_SUCCESS) : $this->run();
  }

  /**
   * Checks whether signals can reach the gateway.
   */
  #[CLI\Command(name: self::VERIFY)]
  #[CLI\FieldLabels(labels: ['check' => 'Check', 'result' => 'Result', 'detail' => 'Detail'])]
  public function verify(array $options = ['format' => 'table']): CommandResult {
    $rows = [];
    foreach ($this->verification->run() as $check => $outcome) {
      $rows[] = ['check' => $check] + $outcome;
    }
    $failed = in_array(Verification::ERROR, array_column($rows, 'result'), TRUE);
    return CommandResult::dataWithExitCode(new RowsOfFields($rows), $failed ? self::EXIT_FAILURE : self::EXIT_SUCCESS);
  }

  /**
   * One run of the dispatcher.
   */
  private function run(): CommandResult {
    $result = $this->dispatch->flush() ?? [
      'status' => 'not connected',
      'error' => 'The site is not connected: nothing was sent.',
    ];
    $row = array_intersect_key($result, self::RUN_LABELS);
    if (isset($row['retry_at'])) {
      $row['retry_at'] = self::moment($row['retry_at']);
    }
    return CommandResult::dataWithExitCode(new PropertyList($row), empty($result['error']) ? self::EXIT_SUCCESS : self::EXIT_FAILURE);
  }

  /**
   * The gateway the site is connected to.
   */
  private function gateway(): string {
    try {
      return $this->connection->credentials()?->gatewayUrl() ?? 'none';
    }
    catch (AgentException $error) {
      return $error->getMessage();
    }
  }

  /**
   * The secret, from wherever it does not show.
   */
  private function secret(): string {
    $secret = getenv(self::SECRET_VARIABLE);
    if (is_string($secret) && $secret !== '') {
      return $secret;
    }
    if (stream_isatty(STDIN)) {
      return (string) $this->io()->askHidden(dt('Entity secret'));
    }
    return trim((string) stream_get_contents(STDIN, self::SECRET_BYTES_MAX));
  }

  /**
   * An option that is a number.
   */
  private static function number(string $name, array $options): int {
    $value = filter_var($options[$name], FILTER_VALIDATE_INT, ['options' => ['min_range' => 0]]);
    return $value === FALSE ? throw new \InvalidArgumentException("--$name: '{$options[$name]}' is not a number of 0 or more.") : $value;
  }

  /**
   * A time, or NULL when there is none.
   */
  private static function moment(?int $time): ?string {
    return $time ? date(DATE_ATOM, $time) : NULL;
  }

  /**
   * What a cell of a table shows of a value; other formats have the value.
   */
  private static function cell(string $key, mixed $value, FormatterOptions $options): mixed {
    if ($key === 'time') {
      return date('Y-m-d H:i:s', strtotime($value));
    }
    if (is_bool($value)) {
      return $value ? 'yes' : 'no';
    }
    return is_array($value) ? ($value ? json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE) : '') : $value;
  }

}
