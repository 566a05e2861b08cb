<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

use Drupal\Core\Form\FormBase;
use Drupal\Core\Form\FormStateInterface;
use Drupal\Core\Url;
use Drupal\logystera\Signal\Catalogue;
use Drupal\logystera\Signal\SignalText;
use Symfony\Component\DependencyInjection\ContainerInterface;
use Symfony\Component\HttpFoundation\Request;

/**
 * Which events to show. The filter is in the URL, so that it can be passed on.
 */
final class EventFilterForm extends FormBase {

  private const TEXT_MAX = 128;
  private const FIELDS = ['type', 'severity', 'delivery', 'since', 'until', 'text'];

  /**
   * What "delivery" may be; anything else, and nothing, stands for both.
   */
  private const DELIVERIES = ['waiting', 'sent'];

  public function __construct(
    private readonly Catalogue $catalogue,
    private readonly SignalText $text,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static($container->get(Catalogue::class), $container->get(SignalText::class));
  }

  /**
   * {@inheritdoc}
   */
  public function getFormId(): string {
    return 'logystera_event_filter';
  }

  /**
   * The filter of a URL, as it stands there; what makes no sense is left out.
   *
   * @return array<string, string>
   *   Any of type, severity, delivery (waiting or sent), since, until
   *   (YYYY-MM-DD) and text.
   */
  public static function queryOf(Request $request): array {
    $query = [];
    foreach (self::FIELDS as $name) {
      $value = $request->query->all()[$name] ?? '';
      if (!is_string($value) || trim($value) === '' || strlen($value) > self::TEXT_MAX
        || (in_array($name, ['since', 'until'], TRUE) && self::day($value) === NULL)
        || ($name === 'delivery' && !in_array($value, self::DELIVERIES, TRUE))) {
        continue;
      }
      $query[$name] = trim($value);
    }
    return $query;
  }

  /**
   * The filter of a URL, as the extension takes it.
   */
  public static function filterOf(Request $request): array {
    $query = self::queryOf($request);
    $filter = ['delivery' => $query['delivery'] ?? 'any'];
    foreach (['type', 'severity'] as $name) {
      if (isset($query[$name])) {
        $filter[$name] = [$query[$name]];
      }
    }
    if ($since = self::day($query['since'] ?? '')) {
      $filter['since'] = $since->getTimestamp();
    }
    if ($until = self::day($query['until'] ?? '')) {
      $filter['until'] = $until->setTime(23, 59, 59)->getTimestamp();
    }
    return $filter + array_intersect_key($query, ['text' => TRUE]);
  }

  /**
   * {@inheritdoc}
   */
  public function buildForm(array $form, FormStateInterface $form_state): array {
    $query = self::queryOf($this->getRequest());
    $types = [];
    foreach (array_keys($this->catalogue->all()) as $type) {
      $types[$type] = $this->text->nameAndType($type);
    }
    asort($types);
    $form['filter'] = [
      '#type' => 'details',
      '#title' => $this->t('Filter signals'),
      '#open' => TRUE,
      'fields' => [
        '#type' => 'container',
        '#attributes' => ['class' => ['logystera-filter']],
        'type' => [
          '#type' => 'select',
          '#title' => $this->t('Signal'),
          '#options' => $types,
          '#empty_option' => $this->t('Any'),
          '#default_value' => $query['type'] ?? '',
        ],
        'severity' => [
          '#type' => 'select',
          '#title' => $this->t('Severity'),
          '#options' => array_combine(Catalogue::SEVERITIES, Catalogue::SEVERITIES),
          '#empty_option' => $this->t('Any'),
          '#default_value' => $query['severity'] ?? '',
        ],
        'delivery' => [
          '#type' => 'select',
          '#title' => $this->t('Sending'),
          '#options' => ['waiting' => $this->t('Waiting'), 'sent' => $this->t('Sent')],
          '#empty_option' => $this->t('Any'),
          '#default_value' => $query['delivery'] ?? '',
        ],
        'since' => [
          '#type' => 'date',
          '#title' => $this->t('From'),
          '#default_value' => $query['since'] ?? '',
        ],
        'until' => [
          '#type' => 'date',
          '#title' => $this->t('To'),
          '#default_value' => $query['until'] ?? '',
        ],
        'text' => [
          '#type' => 'textfield',
          '#title' => $this->t('Contains'),
          '#maxlength' => self::TEXT_MAX,
          '#size' => 30,
          '#default_value' => $query['text'] ?? '',
        ],
        'actions' => [
          '#type' => 'actions',
          'submit' => ['#type' => 'submit', '#value' => $this->t('Filter')],
          'reset' => [
            '#type' => 'link',
            '#title' => $this->t('Reset'),
            '#url' => Url::fromRoute('logystera.events'),
            '#attributes' => ['class' => ['button']],
            '#access' => $query !== [],
          ],
        ],
      ],
    ];
    return $form;
  }

  /**
   * {@inheritdoc}
   */
  public function submitForm(array &$form, FormStateInterface $form_state): void {
    $query = array_filter(
      array_intersect_key($form_state->getValues(), array_flip(self::FIELDS)),
      static fn($value): bool => is_string($value) && $value !== '',
    );
    $form_state->setRedirect('logystera.events', [], ['query' => $query]);
  }

  /**
   * The start of a day in the site's time zone; NULL when it is none.
   */
  private static function day(string $text): ?\DateTimeImmutable {
    return \DateTimeImmutable::createFromFormat('!Y-m-d', trim($text)) ?: NULL;
  }

}
