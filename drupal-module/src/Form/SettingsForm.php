<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

use Drupal\Core\Config\ConfigFactoryInterface;
use Drupal\Core\Config\TypedConfigManagerInterface;
use Drupal\Core\Form\ConfigFormBase;
use Drupal\Core\Form\FormStateInterface;
use Drupal\Core\Url;
use Drupal\logystera\Agent\AgentFactory;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\EventSubscriber\AutoDispatchSubscriber;
use Logystera\Agent\Credentials;
use Logystera\Agent\Exception\AgentException;
use Logystera\Agent\Recorder;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * Connection, signals and dispatch.
 */
final class SettingsForm extends ConfigFormBase {

  private const SETTINGS = 'logystera.settings';

  public function __construct(
    ConfigFactoryInterface $config_factory,
    TypedConfigManagerInterface $typed_config_manager,
    private readonly AgentInterface $agent,
    private readonly Connection $connection,
    private readonly Dispatch $dispatch,
  ) {
    parent::__construct($config_factory, $typed_config_manager);
  }

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static(
      $container->get('config.factory'),
      $container->get('config.typed'),
      $container->get(AgentInterface::class),
      $container->get(Connection::class),
      $container->get(Dispatch::class),
    );
  }

  /**
   * {@inheritdoc}
   */
  public function getFormId(): string {
    return 'logystera_settings';
  }

  /**
   * {@inheritdoc}
   */
  protected function getEditableConfigNames(): array {
    return [self::SETTINGS];
  }

  /**
   * {@inheritdoc}
   */
  public function buildForm(array $form, FormStateInterface $form_state): array {
    if ($problem = $this->agent->problem()) {
      $this->messenger()->addError($problem);
    }
    $form['#tree'] = TRUE;
    if (!AgentFactory::extensionProblem()) {
      $form['connection'] = $this->buildConnection();
      $form += $this->buildSignals();
    }
    $form['dispatch'] = $this->buildDispatch();
    $form['privacy'] = $this->buildPrivacy();
    return parent::buildForm($form, $form_state);
  }

  /**
   * Connects the site with what was typed, and sends what is waiting.
   */
  public function connect(array &$form, FormStateInterface $form_state): void {
    $typed = $form_state->getValue('connection');
    try {
      $this->connection->connect(new Credentials($typed['url'], $typed['token'], $typed['secret']));
    }
    catch (AgentException $error) {
      $this->messenger()->addError($error->getMessage());
      return;
    }
    $this->messenger()->addStatus($this->t('The site is connected to @url.', ['@url' => $typed['url']]));
    $this->report($this->dispatch->flush() ?? []);
  }

  /**
   * Checks what was typed before anything is stored.
   */
  public function validateConnection(array &$form, FormStateInterface $form_state): void {
    $typed = $form_state->getValue('connection');
    try {
      new Credentials($typed['url'], $typed['token'], $typed['secret']);
    }
    catch (AgentException $error) {
      $form_state->setError($form['connection'], $error->getMessage());
    }
  }

  /**
   * {@inheritdoc}
   */
  public function submitForm(array &$form, FormStateInterface $form_state): void {
    $config = $this->config(self::SETTINGS);
    foreach ($form_state->getValue('toggles', []) as $group) {
      foreach ($group as $key => $on) {
        $config->set(strtr($key, ':', '.'), (bool) $on);
      }
    }
    $config
      ->set('batch_size', (int) $form_state->getValue(['dispatch', 'batch_size']))
      ->set('dispatch_mode', $form_state->getValue(['dispatch', 'dispatch_mode']))
      ->set('proxy', trim($form_state->getValue(['dispatch', 'proxy'])))
      ->set('ca_bundle', trim($form_state->getValue(['dispatch', 'ca_bundle'])))
      ->set('buffer_share', $form_state->getValue(['dispatch', 'buffer_share']))
      ->set('anonymize_ip', (bool) $form_state->getValue(['privacy', 'anonymize_ip']))
      ->save();
    parent::submitForm($form, $form_state);
  }

  /**
   * Where the site is connected to, and how to change that.
   */
  private function buildConnection(): array {
    $credentials = $this->currentCredentials();
    return [
      '#type' => 'details',
      '#title' => $this->t('Connection'),
      '#open' => TRUE,
      'state' => [
        '#type' => 'item',
        '#title' => $this->t('State'),
        '#markup' => $credentials
          ? $this->t('Connected to @url as @token.', [
            '@url' => $credentials->gatewayUrl(),
            '@token' => $credentials->entityToken(),
          ])
          : $this->t('Not connected: nothing leaves this site.'),
      ],
      'disconnect' => [
        '#type' => 'link',
        '#title' => $this->t('Disconnect'),
        '#url' => Url::fromRoute('logystera.disconnect'),
        '#attributes' => ['class' => ['button', 'button--danger']],
        '#access' => $this->connection->isConnected(),
      ],
      'url' => [
        '#type' => 'url',
        '#title' => $this->t('Gateway URL'),
        '#description' => $this->t('Where the signals of this site are sent, for example https://gateway.example.org.'),
        '#default_value' => $credentials?->gatewayUrl() ?? '',
      ],
      'token' => [
        '#type' => 'textfield',
        '#title' => $this->t('Entity token'),
        '#default_value' => $credentials?->entityToken() ?? '',
        '#attributes' => ['autocomplete' => 'off'],
      ],
      'secret' => [
        '#type' => 'password',
        '#title' => $this->t('Entity secret'),
        '#description' => $this->t('Signs what this site sends. It is stored encrypted and never shown again.'),
        '#attributes' => ['autocomplete' => 'new-password'],
        '#maxlength' => 256,
      ],
      'connect' => [
        '#type' => 'submit',
        '#value' => $credentials ? $this->t('Replace the connection') : $this->t('Connect'),
        '#name' => 'connect',
        '#limit_validation_errors' => [['connection']],
        '#validate' => ['::validateConnection'],
        '#submit' => ['::connect'],
      ],
    ];
  }

  /**
   * One checkbox for each configuration key of the catalogue, by group.
   */
  private function buildSignals(): array {
    $config = $this->config(self::SETTINGS);
    $toggles = [];
    foreach (Recorder::signals() as $signal) {
      $key = $signal['config_key'];
      if (!$key) {
        continue;
      }
      $group = &$toggles[$signal['group']];
      $group ??= ['#type' => 'details', '#title' => ucfirst($signal['group'])];
      // A key that several signals share is one checkbox naming them all.
      $name = strtr($key, '.', ':');
      $group[$name] ??= [
        '#type' => 'checkbox',
        '#title' => '',
        '#description' => '',
        '#default_value' => $config->get($key) ?? $signal['default'],
      ];
      $group[$name]['#title'] = ltrim($group[$name]['#title'] . ', ' . $signal['type'], ', ');
      $group[$name]['#description'] = trim($group[$name]['#description'] . ' ' . $signal['summary']);
    }
    return ['toggles' => $toggles];
  }

  /**
   * How signals are sent.
   */
  private function buildDispatch(): array {
    $config = $this->config(self::SETTINGS);
    return [
      '#type' => 'details',
      '#title' => $this->t('Dispatch'),
      'dispatch_mode' => [
        '#type' => 'radios',
        '#title' => $this->t('Signals are sent'),
        '#options' => [
          'cron' => $this->t('by cron'),
          'auto' => $this->t('by cron, and about once a minute after a page, when its visitor has everything already'),
        ],
        '#description' => AutoDispatchSubscriber::isPossible() ? '' : $this->t('This server does not let PHP go on after a page (PHP-FPM does): signals are sent by cron either way.'),
        '#default_value' => $config->get('dispatch_mode') ?? 'cron',
      ],
      'batch_size' => [
        '#type' => 'number',
        '#title' => $this->t('Events in one request'),
        '#min' => 10,
        '#max' => 500,
        '#required' => TRUE,
        '#default_value' => $config->get('batch_size'),
      ],
      'proxy' => [
        '#type' => 'textfield',
        '#title' => $this->t('Proxy'),
        '#description' => $this->t('For example http://proxy.example.org:3128. Empty for none.'),
        '#default_value' => $config->get('proxy'),
      ],
      'ca_bundle' => [
        '#type' => 'textfield',
        '#title' => $this->t('Certificate authorities'),
        '#description' => $this->t("Path of a PEM file to use instead of the system's. The certificate of the gateway is always verified."),
        '#default_value' => $config->get('ca_bundle'),
      ],
      'buffer_share' => [
        '#type' => 'radios',
        '#title' => $this->t('The buffer may be written by'),
        '#options' => [
          'user' => $this->t("the web server's user"),
          'group' => $this->t("every user of the web server's group (where Drush runs as another user)"),
        ],
        '#default_value' => $config->get('buffer_share'),
      ],
    ];
  }

  /**
   * What of a visitor is stored.
   */
  private function buildPrivacy(): array {
    return [
      '#type' => 'details',
      '#title' => $this->t('Privacy'),
      'anonymize_ip' => [
        '#type' => 'checkbox',
        '#title' => $this->t('Shorten IP addresses'),
        '#description' => $this->t('Stores the network only: /24 of IPv4, /64 of IPv6.'),
        '#default_value' => $this->config(self::SETTINGS)->get('anonymize_ip'),
      ],
    ];
  }

  /**
   * The credentials, unless there are none or they no longer open.
   */
  private function currentCredentials(): ?Credentials {
    try {
      return $this->connection->credentials();
    }
    catch (AgentException) {
      $this->messenger()->addError($this->t('The stored credentials cannot be opened, because the hash salt in settings.php changed. Connect the site again.'));
      return NULL;
    }
  }

  /**
   * Tells how a dispatcher run went.
   */
  private function report(array $result): void {
    if (!empty($result['error'])) {
      $this->messenger()->addWarning($this->t('Nothing could be sent yet: @error', ['@error' => $result['error']]));
    }
    elseif ($result) {
      $this->messenger()->addStatus($this->formatPlural($result['sent'], '1 waiting signal was sent.', '@count waiting signals were sent.'));
    }
  }

}
