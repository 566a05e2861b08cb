<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

use Drupal\Core\Form\FormBase;
use Drupal\Core\Form\FormStateInterface;
use Drupal\Core\Url;
use Drupal\logystera\Signal\Catalogue;
use Symfony\Component\DependencyInjection\ContainerInterface;
use Symfony\Component\HttpFoundation\Request;

/**
 * Which events to show. The filter is in the URL, so that it can be passed on.
 */
final class EventFilterForm extends FormBase {

  private const TEXT_MAX = 128;

  public function __construct(private readonly Catalogue $catalogue) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static($container->get(Catalogue::class));
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
   *   Any of type, severity, since, until (YYYY-MM-DD) and text.
   */
  public static function queryOf(Request $request): array {
    $query = [];
    foreach (['type', 'severity', 'since', 'until', 'text'] as $name) {
      $value = $request->query->all()[$name] ?? '';
      if (!is_string($value) || trim($value) === '' || strlen($value) > self::TEXT_MAX
        || (in_array($name, ['since', 'until'], TRUE) && self::day($value) === NULL)) {
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
    $filter = [];
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
    $types = array_keys($this->catalogue->all());
    sort($types);
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
          '#options' => array_combine($types, $types),
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
      array_intersect_key($form_state->getValues(), array_flip(['type', 'severity', 'since', 'until', 'text'])),
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
