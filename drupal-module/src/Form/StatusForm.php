<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

use Drupal\Core\Datetime\DateFormatterInterface;
use Drupal\Core\Form\FormBase;
use Drupal\Core\Form\FormStateInterface;
use Drupal\Core\StringTranslation\ByteSizeMarkup;
use Drupal\Core\StringTranslation\TranslatableMarkup;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\BufferView;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Signal\Router;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * How recording and sending go, and what can be done about it.
 */
final class StatusForm extends FormBase {

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
    $form['facts'] = [
      '#type' => 'table',
      '#caption' => $this->t('Recording and sending'),
      '#header' => [$this->t('What'), $this->t('State')],
      '#rows' => array_map(NULL, ...$this->columns($this->bufferRows() + $this->dispatchRows($connected, $state))),
    ];
    $may_flush = $account->hasPermission('flush logystera buffer') || $account->hasPermission('administer logystera');
    $form['actions'] = [
      '#type' => 'actions',
      '#access' => $may_flush,
      'flush' => [
        '#type' => 'submit',
        '#value' => $this->t('Flush Now'),
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
    $form['#cache'] = ['max-age' => 0];
    return $form;
  }

  /**
   * {@inheritdoc}
   */
  public function submitForm(array &$form, FormStateInterface $form_state): void {
    $this->report($this->dispatch->flush());
  }

  /**
   * Records a signal that means nothing, and sends it.
   */
  public function sendTest(array &$form, FormStateInterface $form_state): void {
    $this->router->on('module:changed', 'test');
    $this->report($this->dispatch->flush());
  }

  /**
   * Ends a suspension or a wait.
   */
  public function resume(array &$form, FormStateInterface $form_state): void {
    $this->dispatch->resume();
    $this->report($this->dispatch->flush());
  }

  /**
   * What the buffer holds.
   *
   * @return array<string, string|\Stringable>
   *   Fact => value.
   */
  private function bufferRows(): array {
    try {
      $stats = $this->buffer->stats();
      $total = $this->buffer->events([], 0, 1)['total'];
      $oldest = $this->buffer->oldest();
    }
    catch (\RuntimeException $error) {
      return [(string) $this->t('Buffer') => $error->getMessage()];
    }
    $drops = [];
    foreach ($stats['dropped'] as $reason => $drop) {
      $drops[] = "$reason: $drop[count]";
    }
    return [
      (string) $this->t('Waiting in the buffer') => $this->formatPlural($total, '1 signal', '@count signals'),
      (string) $this->t('Size of the buffer') => $this->t('@size of @cap in @files files', [
        '@size' => ByteSizeMarkup::create($stats['bytes']),
        '@cap' => ByteSizeMarkup::create($stats['cap_bytes']),
        '@files' => $stats['files'],
      ]),
      (string) $this->t('Oldest signal') => $this->moment($oldest),
      (string) $this->t('Dropped and not yet reported') => implode(', ', $drops) ?: $this->t('None'),
    ];
  }

  /**
   * How sending goes.
   *
   * @return array<string, string|\Stringable>
   *   Fact => value.
   */
  private function dispatchRows(bool $connected, ?array $state): array {
    $rows = [
      (string) $this->t('Connection') => $connected ? $this->t('Connected') : $this->t('Not connected: nothing leaves this site.'),
    ];
    if (!$state) {
      return $rows;
    }
    $rows[(string) $this->t('Last successful dispatch')] = $this->moment($state['last_success']);
    $rows[(string) $this->t('Last attempt')] = $this->moment($state['last_attempt']);
    if ($state['suspended']) {
      $rows[(string) $this->t('Sending')] = $this->t('Suspended after repeated refusals.');
    }
    elseif ($this->isHeldBack($state)) {
      $rows[(string) $this->t('Sending')] = $this->t('Waiting until @time after @count failures.', [
        '@time' => $this->moment($state['next_attempt']),
        '@count' => $state['failures'],
      ]);
    }
    else {
      $rows[(string) $this->t('Sending')] = $this->t('Ready');
    }
    if ($state['remedy']) {
      $rows[(string) $this->t('What to do')] = $state['remedy'];
    }
    $rows[(string) $this->t('Signals sent so far')] = (string) $state['events_sent'];
    return $rows;
  }

  /**
   * Whether sending waits or is suspended.
   */
  private function isHeldBack(?array $state): bool {
    return $state && ($state['suspended'] || ($state['next_attempt'] ?? 0) > time());
  }

  /**
   * Names and values as two lists.
   */
  private function columns(array $rows): array {
    return [array_keys($rows), array_values($rows)];
  }

  /**
   * A time, or that there is none.
   */
  private function moment(?int $time): string|TranslatableMarkup {
    return $time ? $this->dates->format($time, 'custom', 'Y-m-d H:i:s') : $this->t('Never');
  }

  /**
   * Tells how a dispatcher run went.
   */
  private function report(?array $result): void {
    if ($result === NULL) {
      $this->messenger()->addWarning($this->t('The site is not connected: nothing was sent.'));
    }
    elseif (!empty($result['error'])) {
      $this->messenger()->addError($this->t('Not everything could be sent: @error', ['@error' => $result['error']]));
    }
    else {
      $this->messenger()->addStatus($this->formatPlural($result['sent'], '1 signal was sent.', '@count signals were sent.'));
    }
  }

}
