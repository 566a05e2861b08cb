<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

use Drupal\Core\Datetime\DateFormatterInterface;
use Drupal\Core\Form\FormBase;
use Drupal\Core\Form\FormStateInterface;
use Drupal\Core\StringTranslation\ByteSizeMarkup;
use Drupal\Core\StringTranslation\TranslatableMarkup;
use Drupal\logystera\Agent\Activity;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\BufferView;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Render\WideTableTrait;
use Drupal\logystera\Signal\Router;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * How recording and sending go, and what can be done about it.
 */
final class StatusForm extends FormBase {

  use FlushReportTrait;
  use WideTableTrait;

  /**
   * The plot of the last 24 hours, in units of its view box.
   */
  private const PLOT_WIDTH = 480;
  private const PLOT_HEIGHT = 100;
  private const BAR_GAP = 4;

  /**
   * A share of the buffer from which on it is called nearly full.
   */
  private const NEARLY_FULL = 0.8;

  public function __construct(
    private readonly AgentInterface $agent,
    private readonly BufferView $buffer,
    private readonly Connection $connection,
    private readonly Dispatch $dispatch,
    private readonly Router $router,
    private readonly DateFormatterInterface $dates,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static(
      $container->get(AgentInterface::class),
      $container->get(BufferView::class),
      $container->get(Connection::class),
      $container->get(Dispatch::class),
      $container->get(Router::class),
      $container->get('date.formatter'),
    );
  }

  /**
   * {@inheritdoc}
   */
  public function getFormId(): string {
    return 'logystera_status';
  }

  /**
   * {@inheritdoc}
   */
  public function buildForm(array $form, FormStateInterface $form_state): array {
    if ($problem = $this->agent->problem()) {
      $this->messenger()->addError($problem);
    }
    $account = $this->currentUser();
    $connected = $this->connection->isConnected();
    $state = $this->dispatch->state();
    $stats = $oldest = NULL;
    $page = ['total' => 0, 'hours' => []];
    try {
      $page = $this->buffer->events([], 0, 1);
      $oldest = $this->buffer->oldest();
      $stats = $this->buffer->stats();
    }
    catch (\RuntimeException $error) {
      $this->messenger()->addError($error->getMessage());
    }
    $form['cards'] = [
      '#theme' => 'logystera_cards',
      '#cards' => array_filter([
        $this->connectionCard($connected),
        $stats ? $this->bufferCard($page['total'], $oldest, $stats) : NULL,
        $connected && $state ? $this->dispatchCard($state) : NULL,
        $state ? $this->sendingCard($connected, $state) : NULL,
      ]),
    ];
    $may_flush = $account->hasPermission('flush logystera buffer') || $account->hasPermission('administer logystera');
    $form['actions'] = [
      '#type' => 'actions',
      '#weight' => 0,
      '#access' => $may_flush,
      'flush' => [
        '#type' => 'submit',
        '#value' => $this->t('Flush Now'),
        '#button_type' => 'primary',
        '#disabled' => !$connected,
      ],
      'test' => [
        '#type' => 'submit',
        '#value' => $this->t('Send test signal'),
        '#submit' => ['::sendTest'],
        '#disabled' => !$connected,
      ],
      'resume' => [
        '#type' => 'submit',
        '#value' => $this->t('Try again now'),
        '#submit' => ['::resume'],
        '#access' => $connected && $this->isHeldBack($state) && $account->hasPermission('administer logystera'),
      ],
    ];
    if ($stats) {
      $form['activity'] = $this->activity(Activity::of($page['hours'], $this->dispatch->history()));
      $form['facts'] = $this->factTable($this->t('Recording and sending'), $this->facts($oldest, $stats, $state));
    }
    $form['#attached']['library'][] = 'logystera/admin';
    $form['#cache'] = ['max-age' => 0];
    return $form;
  }

  /**
   * {@inheritdoc}
   */
  public function submitForm(array &$form, FormStateInterface $form_state): void {
    $this->reportFlush($this->dispatch->flush());
  }

  /**
   * Records a signal that means nothing, and sends it.
   */
  public function sendTest(array &$form, FormStateInterface $form_state): void {
    $this->router->on('module:changed', 'test');
    $this->reportFlush($this->dispatch->flush());
  }

  /**
   * Ends a suspension or a wait.
   */
  public function resume(array &$form, FormStateInterface $form_state): void {
    $this->dispatch->resume();
    $this->reportFlush($this->dispatch->flush());
  }

  /**
   * Whether the site is connected.
   */
  private function connectionCard(bool $connected): array {
    return $connected
      ? $this->card('ok', $this->t('Connection'), $this->t('Connected'), $this->modeInWords())
      : $this->card('neutral', $this->t('Connection'), $this->t('Not connected'), $this->t('Not connected: nothing leaves this site.'));
  }

  /**
   * How signals are sent.
   */
  private function modeInWords(): TranslatableMarkup {
    return match ($this->config('logystera.settings')->get('dispatch_mode')) {
      'auto' => $this->t('Signals are sent by cron and after responses.'),
      'relay' => $this->t('Signals are sent by the relay service on this server.'),
      default => $this->t('Signals are sent by cron.'),
    };
  }

  /**
   * What waits in the buffer.
   */
  private function bufferCard(int $total, ?int $oldest, array $stats): array {
    $nearly_full = $stats['bytes'] > self::NEARLY_FULL * $stats['cap_bytes'];
    return $this->card($stats['dropped'] || $nearly_full ? 'warning' : 'ok', $this->t('Waiting in the buffer'),
      $this->formatPlural($total, '1 signal', '@count signals'),
      $oldest ? $this->t('The oldest was recorded @ago ago.', ['@ago' => $this->dates->formatTimeDiffSince($oldest)]) : '');
  }

  /**
   * When something was sent last.
   */
  private function dispatchCard(array $state): array {
    $last = $state['last_success'];
    return $this->card($last ? 'ok' : 'neutral', $this->t('Last successful dispatch'),
      $last ? $this->t('@ago ago', ['@ago' => $this->dates->formatTimeDiffSince($last)]) : $this->t('Never'),
      $last ? $this->moment($last) : '');
  }

  /**
   * Whether sending waits, and what to do about that.
   */
  private function sendingCard(bool $connected, array $state): array {
    $label = $this->t('Sending');
    $remedy = $state['remedy'] ? $this->t('What to do: @remedy', ['@remedy' => $state['remedy']]) : '';
    if (!$connected) {
      return $this->card('neutral', $label, $this->t('Off'), '');
    }
    if ($state['suspended']) {
      return $this->card('error', $label, $this->t('Suspended after repeated refusals.'), $remedy);
    }
    if ($this->isHeldBack($state)) {
      return $this->card('warning', $label, $this->formatPlural($state['failures'], 'Waiting until @time after 1 failure.', 'Waiting until @time after @count failures in a row.', [
        '@time' => $this->moment($state['next_attempt']),
      ]), $remedy);
    }
    return $this->card($remedy ? 'warning' : 'ok', $label, $this->t('Ready'), $remedy);
  }

  /**
   * A card of the theme hook logystera_cards.
   */
  private function card(string $state, \Stringable $label, \Stringable|string $value, \Stringable|string $detail): array {
    $names = ['ok' => $this->t('ok'), 'warning' => $this->t('needs attention'), 'error' => $this->t('error')];
    return [
      'state' => $state,
      'state_name' => $names[$state] ?? '',
      'label' => $label,
      'value' => $value,
      'detail' => $detail,
    ];
  }

  /**
   * The last 24 hours, drawn and told.
   */
  private function activity(Activity $activity): array {
    $count = count($activity->hours);
    $step = self::PLOT_WIDTH / $count;
    $scale = self::PLOT_HEIGHT / max(1, $activity->highest());
    $bars = $rows = [];
    $x = self::BAR_GAP / 2;
    foreach ($activity->hours as $start => ['waiting' => $waiting, 'sent' => $sent]) {
      $hour = $this->dates->format($start, 'custom', 'H:i');
      $below = $sent * $scale;
      $above = $waiting * $scale;
      $bars[] = [
        'x' => $x,
        'sent' => ['y' => round(self::PLOT_HEIGHT - $below, 2), 'height' => round($below, 2)],
        'waiting' => ['y' => round(self::PLOT_HEIGHT - $below - $above, 2), 'height' => round($above, 2)],
        'title' => $this->t('From @hour: @waiting waiting, @sent sent', [
          '@hour' => $hour,
          '@waiting' => $waiting,
          '@sent' => $sent,
        ]),
      ];
      $rows[] = [['data' => $hour, 'header' => TRUE, 'scope' => 'row'], $waiting, $sent];
      $x += $step;
    }
    $summary = $this->t('@waiting recorded and still waiting, @sent sent.', [
      '@waiting' => $this->formatPlural($activity->total('waiting'), '1 signal', '@count signals'),
      '@sent' => $this->formatPlural($activity->total('sent'), '1 signal', '@count signals'),
    ]);
    if ($activity->complete_since) {
      $summary = $this->t('@summary Signals sent before @time are not counted.', [
        '@summary' => $summary,
        '@time' => $this->moment($activity->complete_since),
      ]);
    }
    return [
      '#theme' => 'logystera_activity',
      '#summary' => $summary,
      '#bars' => $bars,
      '#width' => self::PLOT_WIDTH,
      '#height' => self::PLOT_HEIGHT,
      '#bar_width' => $step - self::BAR_GAP,
      '#from' => $this->dates->format((int) array_key_first($activity->hours), 'custom', 'Y-m-d H:i'),
      '#to' => $this->t('now'),
      '#table' => [
        '#type' => 'details',
        '#title' => $this->t('As a table'),
        'hours' => $this->wideTable($this->t('Signals of the last 24 hours'), [
          $this->t('Hour'),
          $this->t('Recorded, still waiting'),
          $this->t('Sent to the gateway'),
        ], $rows),
      ],
    ];
  }

  /**
   * What the cards leave out.
   *
   * @return array<string, string|\Stringable>
   *   Fact => value.
   */
  private function facts(?int $oldest, array $stats, ?array $state): array {
    $drops = [];
    foreach ($stats['dropped'] as $reason => $drop) {
      $drops[] = "$reason: $drop[count]";
    }
    $facts = [
      (string) $this->t('Size of the buffer') => $this->formatPlural($stats['files'], '@size of @cap in 1 file', '@size of @cap in @count files', [
        '@size' => ByteSizeMarkup::create($stats['bytes']),
        '@cap' => ByteSizeMarkup::create($stats['cap_bytes']),
      ]),
      (string) $this->t('Sent signals that are still readable') => ByteSizeMarkup::create($stats['sent_bytes'] ?? 0),
      (string) $this->t('Oldest signal') => $this->moment($oldest),
      (string) $this->t('Dropped and not yet reported') => implode(', ', $drops) ?: $this->t('None'),
    ];
    if ($state) {
      $facts += [
        (string) $this->t('Last successful dispatch') => $this->moment($state['last_success']),
        (string) $this->t('Last attempt') => $this->moment($state['last_attempt']),
        (string) $this->t('Signals sent so far') => (string) $state['events_sent'],
      ];
    }
    return $facts;
  }

  /**
   * Whether sending waits or is suspended.
   */
  private function isHeldBack(?array $state): bool {
    return $state && ($state['suspended'] || ($state['next_attempt'] ?? 0) > time());
  }

  /**
   * A time, or that there is none.
   */
  private function moment(?int $time): string|TranslatableMarkup {
    return $time ? $this->dates->format($time, 'custom', 'Y-m-d H:i:s') : $this->t('Never');
  }

}
