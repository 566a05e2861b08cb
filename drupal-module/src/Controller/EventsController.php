<?php

declare(strict_types=1);

namespace Drupal\logystera\Controller;

use Drupal\Core\Controller\ControllerBase;
use Drupal\Core\Datetime\DateFormatterInterface;
use Drupal\Core\Pager\PagerManagerInterface;
use Drupal\Core\Url;
use Drupal\logystera\Agent\BufferView;
use Drupal\logystera\Form\EventFilterForm;
use Drupal\logystera\Render\WideTableTrait;
use Drupal\logystera\Signal\Catalogue;
use Drupal\logystera\Signal\SignalText;
use Symfony\Component\DependencyInjection\ContainerInterface;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\StreamedResponse;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;

/**
 * What was recorded and is still on this site: a list, one event, an export.
 */
final class EventsController extends ControllerBase {

  use WideTableTrait;

  private const PER_PAGE = 50;

  /**
   * An export ends here: finding a later page costs more the later it is.
   */
  private const EXPORT_MAX = 10000;

  /**
   * How much of a payload a row of the list holds; its own page has the rest.
   */
  private const PAYLOAD_CHARS = 4000;

  public function __construct(
    private readonly BufferView $buffer,
    private readonly Catalogue $catalogue,
    private readonly SignalText $text,
    private readonly PagerManagerInterface $pagers,
    private readonly DateFormatterInterface $dates,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static(
      $container->get(BufferView::class),
      $container->get(Catalogue::class),
      $container->get(SignalText::class),
      $container->get('pager.manager'),
      $container->get('date.formatter'),
    );
  }

  /**
   * The list, filtered as the URL says.
   */
  public function list(Request $request): array {
    $build['filter'] = $this->formBuilder()->getForm(EventFilterForm::class);
    $filter = EventFilterForm::filterOf($request);
    try {
      $page = $this->buffer->events($filter, $this->pagers->findPage() * self::PER_PAGE, self::PER_PAGE);
    }
    catch (\RuntimeException $error) {
      $this->messenger()->addError($error->getMessage());
      $page = ['total' => 0, 'events' => [], 'sent' => []];
    }
    $this->pagers->createPager($page['total'], self::PER_PAGE);
    $build['count'] = [
      '#markup' => '<p>' . $this->formatPlural($page['total'], '1 signal matches the filter.', '@count signals match the filter.') . '</p>',
    ];
    $build['events'] = $this->wideTable(
      $this->t('Recorded signals, newest first'),
      [
        $this->t('Time'),
        $this->t('Signal'),
        $this->t('What happened'),
        $this->t('Severity'),
        $this->t('Sending'),
      ],
      array_map($this->row(...), $page['events'], $page['sent']),
      $this->t('No signal matches the filter. Signals that were sent longer ago are only at the gateway.'),
    );
    $build['export'] = [
      '#theme' => 'item_list',
      '#title' => $this->t('Export matching signals (at most @count)', ['@count' => self::EXPORT_MAX]),
      '#items' => array_map(fn(string $format): array => [
        '#type' => 'link',
        '#title' => strtoupper($format),
        '#url' => Url::fromRoute('logystera.events.export', ['format' => $format], ['query' => EventFilterForm::queryOf($request)]),
      ], ['json', 'csv']),
      '#access' => $page['total'] > 0,
    ];
    $build['pager'] = ['#type' => 'pager'];
    $build['#attached']['library'][] = 'logystera/admin';
    $build['#cache'] = ['max-age' => 0];
    return $build;
  }

  /**
   * Everything about one event.
   */
  public function payload(string $event_id): array {
    try {
      $event = $this->buffer->event($event_id);
    }
    catch (\RuntimeException $error) {
      throw new NotFoundHttpException($error->getMessage(), $error);
    }
    if (!$event) {
      throw new NotFoundHttpException('That event is no longer on this site: it was sent, and the gateway has it.');
    }
    $type = $event['event_type'];
    $labels = [];
    foreach ($this->catalogue->all()[$type]['labels'] ?? [] as $label) {
      $labels[$label['name']] = $label['description'];
    }
    return [
      'facts' => $this->factTable($this->t('Signal details'), [
        (string) $this->t('Signal') => $this->text->nameAndType($type),
        (string) $this->t('What happened') => $this->text->sentence($event),
        (string) $this->t('Meaning') => $this->catalogue->summaryOf($type),
        (string) $this->t('Severity') => $this->catalogue->severityOf($type),
        (string) $this->t('Time') => $this->dates->format($event['created_at'], 'custom', 'Y-m-d H:i:s'),
      ]),
      'labels' => $this->wideTable(
        $this->t('Labels'),
        [$this->t('Label'), $this->t('Value'), $this->t('Meaning')],
        array_map(fn(int|string $name, mixed $value): array => [
          ['data' => (string) $name, 'header' => TRUE, 'scope' => 'row'],
          ['data' => ['#plain_text' => self::shown($value)], 'class' => ['logystera-code', 'logystera-anywhere']],
          $labels[$name] ?? '',
        ], array_keys($event['labels']), array_values($event['labels'])),
        $this->t('This signal has no labels.'),
      ),
      'payload' => [
        '#type' => 'details',
        '#title' => $this->t('Payload as sent'),
        '#open' => TRUE,
        'json' => $this->preformatted($this->t('Payload'), self::json($event)),
      ],
      'back' => [
        '#type' => 'link',
        '#title' => $this->t('All events'),
        '#url' => Url::fromRoute('logystera.events'),
        '#attributes' => ['class' => ['button']],
      ],
      '#attached' => ['library' => ['logystera/admin']],
      '#cache' => ['max-age' => 0],
    ];
  }

  /**
   * What the filter lets through, as a download.
   */
  public function export(Request $request, string $format): StreamedResponse {
    $filter = EventFilterForm::filterOf($request);
    try {
      $this->buffer->stats();
    }
    catch (\RuntimeException $error) {
      throw new NotFoundHttpException($error->getMessage(), $error);
    }
    $response = new StreamedResponse(function () use ($filter, $format): void {
      $out = fopen('php://output', 'w') ?: throw new \RuntimeException('PHP has no output to write to.');
      if ($format === 'csv') {
        fputcsv($out, ['time', 'type', 'severity', 'event_id', 'labels'], ',', '"', '');
      }
      $first = TRUE;
      foreach ($this->all($filter) as $event) {
        if ($format === 'csv') {
          fputcsv($out, array_map(self::cell(...), [
            gmdate('Y-m-d\TH:i:s\Z', $event['created_at']),
            $event['event_type'],
            $this->catalogue->severityOf($event['event_type']),
            $event['event_id'],
            json_encode($event['labels'], JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE),
          ]), ',', '"', '');
        }
        else {
          fwrite($out, ($first ? "[\n" : ",\n") . json_encode($event, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE));
        }
        $first = FALSE;
      }
      if ($format === 'json') {
        fwrite($out, ($first ? '[' : "\n") . "]\n");
      }
    });
    $response->headers->set('Content-Type', $format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json');
    $response->headers->set('Content-Disposition', "attachment; filename=\"signals.$format\"");
    $response->headers->set('Cache-Control', 'private, no-store');
    return $response;
  }

  /**
   * Every event that fits, up to the limit.
   */
  private function all(array $filter): \Generator {
    // Others go on recording and sending: what is new meanwhile is left out,
    // and what it has moved to the next page is not given again.
    $filter['until'] = min($filter['until'] ?? PHP_INT_MAX, time());
    $given = [];
    for ($offset = 0; $offset < self::EXPORT_MAX; $offset += BufferView::PAGE_MAX) {
      $events = $this->buffer->events($filter, $offset, BufferView::PAGE_MAX)['events'];
      foreach ($events as $event) {
        if (!isset($given[$event['event_id']])) {
          $given[$event['event_id']] = TRUE;
          yield $event;
        }
      }
      if (count($events) < BufferView::PAGE_MAX) {
        return;
      }
    }
  }

  /**
   * A cell that no spreadsheet takes for a formula.
   */
  private static function cell(string $value): string {
    return $value !== '' && str_contains("=+-@\t\r", $value[0]) ? "'$value" : $value;
  }

  /**
   * The value of a label as text.
   */
  private static function shown(mixed $value): string {
    return is_string($value) ? $value : (string) json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
  }

  /**
   * An event as it stands in the buffer, laid out for people.
   */
  private static function json(array $event): string {
    return (string) json_encode($event, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
  }

  /**
   * Text in a box that can be scrolled, also with the keyboard.
   */
  private function preformatted(\Stringable $name, string $text): array {
    return [
      '#type' => 'html_tag',
      '#tag' => 'pre',
      '#attributes' => [
        'class' => ['logystera-payload'],
        'role' => 'region',
        'tabindex' => 0,
        'aria-label' => $name,
      ],
      'text' => ['#plain_text' => $text],
    ];
  }

  /**
   * One row of the list.
   */
  private function row(array $event, bool $sent): array {
    $type = $event['event_type'];
    $severity = $this->catalogue->severityOf($type);
    $time = $this->dates->format($event['created_at'], 'custom', 'Y-m-d H:i:s');
    return [
      ['data' => $time, 'class' => ['logystera-nowrap']],
      [
        'data' => [
          'name' => ['#type' => 'html_tag', '#tag' => 'strong', 'text' => ['#plain_text' => $this->text->name($type)]],
          'break' => ['#markup' => '<br>'],
          'type' => [
            '#type' => 'link',
            '#title' => $type,
            '#url' => Url::fromRoute('logystera.event', ['event_id' => $event['event_id']]),
            '#attributes' => ['aria-label' => $this->t('Payload of @type', ['@type' => $type])],
          ],
        ],
      ],
      [
        'data' => [
          'sentence' => ['#plain_text' => $this->text->sentence($event)],
          'payload' => $this->payloadOf($event, $time),
        ],
        'class' => ['logystera-anywhere'],
      ],
      [
        'data' => [
          '#type' => 'html_tag',
          '#tag' => 'span',
          '#attributes' => ['class' => ['logystera-severity', "logystera-severity--$severity"]],
          '#value' => $severity,
        ],
      ],
      $sent ? $this->t('Sent') : $this->t('Waiting'),
    ];
  }

  /**
   * The payload, folded up by the browser itself: no script is needed.
   */
  private function payloadOf(array $event, string $time): array {
    $json = self::json($event);
    $shown = mb_substr($json, 0, self::PAYLOAD_CHARS);
    $which = ['@name' => $this->text->name($event['event_type']), '@time' => $time];
    return [
      '#type' => 'html_tag',
      '#tag' => 'details',
      '#attributes' => ['class' => ['logystera-folded']],
      'summary' => [
        '#type' => 'html_tag',
        '#tag' => 'summary',
        'text' => ['#markup' => $this->t('Payload') . ' '],
        'which' => [
          '#type' => 'html_tag',
          '#tag' => 'span',
          '#attributes' => ['class' => ['visually-hidden']],
          'text' => ['#markup' => $this->t('of @name, @time', $which)],
        ],
      ],
      'json' => $this->preformatted($this->t('Payload of @name, @time', $which), $shown === $json ? $json : "$shown\n…"),
    ];
  }

}
