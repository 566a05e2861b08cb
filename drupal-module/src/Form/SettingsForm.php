<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

use Drupal\Core\Config\ConfigFactoryInterface;
use Drupal\Core\Config\TypedConfigManagerInterface;
use Drupal\Core\Form\ConfigFormBase;
use Drupal\Core\Form\FormStateInterface;
use Drupal\Core\StringTranslation\TranslatableMarkup;
use Drupal\logystera\Agent\AgentFactory;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Agent\Proxy;
use Drupal\logystera\Agent\ProxyUrl;
use Drupal\logystera\EventSubscriber\AutoDispatchSubscriber;
use Drupal\logystera\Signal\Catalogue;
use Drupal\logystera\Signal\SignalText;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * The connection, and what is configured: signals, dispatch and privacy.
 */
final class SettingsForm extends ConfigFormBase {

  private const SETTINGS = 'logystera.settings';

  /**
   * Where a password that was typed into an address waits to be stored.
   */
  private const TYPED_PASSWORD = 'logystera_proxy_password';

  public function __construct(
    ConfigFactoryInterface $config_factory,
    TypedConfigManagerInterface $typed_config_manager,
    private readonly AgentInterface $agent,
    private readonly ConnectionSection $connection,
    private readonly Proxy $proxy,
    private readonly Catalogue $catalogue,
    private readonly SignalText $text,
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
      ConnectionSection::create($container),
      $container->get(Proxy::class),
      $container->get(Catalogue::class),
      $container->get(SignalText::class),
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
      $form['connection'] = $this->connection->build();
      $form += $this->buildSignals();
    }
    $form['dispatch'] = $this->buildDispatch();
    $form['#attached']['library'][] = 'logystera/admin';
    $form['privacy'] = $this->buildPrivacy();
    return parent::buildForm($form, $form_state);
  }

  /**
   * What was typed as address of the proxy, without its password.
   *
   * That is what the page shows again when something else on it was wrong. The
   * password is remembered for this request alone.
   */
  public static function proxyValue(array &$element, mixed $input, FormStateInterface $form_state): ?string {
    if (!is_string($input)) {
      return NULL;
    }
    [$address, $password] = ProxyUrl::split(trim($input));
    if ((string) $password !== '') {
      $form_state->setTemporaryValue(self::TYPED_PASSWORD, $password);
    }
    return $address;
  }

  /**
   * {@inheritdoc}
   */
  public function validateForm(array &$form, FormStateInterface $form_state): void {
    parent::validateForm($form, $form_state);
    $address = (string) $form_state->getValue(['dispatch', 'proxy']);
    $password = $this->typedPassword($form_state);
    if ($address !== '' && !ProxyUrl::isUsable($address)) {
      $form_state->setErrorByName('dispatch][proxy', $this->t('Enter the proxy as http://proxy.example.org:3128; https://, socks5:// and socks5h:// work too. If the proxy needs a user, enter http://user@proxy.example.org:3128.'));
    }
    elseif ($password !== '' && !ProxyUrl::needsPassword($address)) {
      $form_state->setErrorByName('dispatch][proxy', $this->t('A password needs a user in the proxy address: http://user@proxy.example.org:3128.'));
    }
    elseif (strlen($password) > ProxyUrl::PASSWORD_CHARS_MAX || preg_match('/[\x00-\x1f\x7f]/', $password)) {
      $form_state->setErrorByName('dispatch][proxy_password', $this->t('Enter a proxy password of at most @count characters, without control characters.', ['@count' => ProxyUrl::PASSWORD_CHARS_MAX]));
    }
    elseif ($password !== '' && ($problem = AgentFactory::extensionProblem())) {
      $form_state->setErrorByName('dispatch][proxy_password', $this->t('The password cannot be stored: @problem', ['@problem' => $problem]));
    }
    elseif ($password === '' && ProxyUrl::needsPassword($address) && !$this->keepsPassword($form_state, $address)) {
      $form_state->setErrorByName('dispatch][proxy_password', $this->t('Enter the proxy password: none is stored for @address, and the password of another address is not sent there. If the user has no password, enter @without as the proxy.', [
        '@address' => $address,
        '@without' => ProxyUrl::withoutPassword($address),
      ]));
    }
  }

  /**
   * {@inheritdoc}
   */
  public function submitForm(array &$form, FormStateInterface $form_state): void {
    // One that is still in the configuration is one that is stored.
    $this->proxy->secure();
    $config = $this->config(self::SETTINGS);
    foreach ($form_state->getValue('toggles', []) as $group) {
      foreach ($group as $key => $on) {
        $config->set(strtr($key, ':', '.'), (bool) $on);
      }
    }
    $config
      ->set('batch_size', (int) $form_state->getValue(['dispatch', 'batch_size']))
      ->set('dispatch_mode', $form_state->getValue(['dispatch', 'dispatch_mode']))
      ->set('proxy', $this->storeProxy($form_state))
      ->set('ca_bundle', trim($form_state->getValue(['dispatch', 'ca_bundle'])))
      ->set('sent_mib', (int) $form_state->getValue(['privacy', 'sent_mib']))
      ->set('buffer_share', $form_state->getValue(['dispatch', 'buffer_share']))
      ->set('anonymize_ip', (bool) $form_state->getValue(['privacy', 'anonymize_ip']))
      ->save();
    parent::submitForm($form, $form_state);
  }

  /**
   * Stores the password of the proxy, or removes it.
   *
   * @return string
   *   The address that goes into the configuration.
   */
  private function storeProxy(FormStateInterface $form_state): string {
    $address = (string) $form_state->getValue(['dispatch', 'proxy']);
    $password = $this->typedPassword($form_state);
    if ($password !== '') {
      $this->proxy->setPassword($address, $password);
      return $address;
    }
    if ($form_state->getValue(['dispatch', 'proxy_password_remove'])) {
      $address = ProxyUrl::withoutPassword($address);
    }
    if (!ProxyUrl::needsPassword($address)) {
      $this->proxy->forget();
    }
    return $address;
  }

  /**
   * The password that was typed, in its own field or within the address.
   */
  private function typedPassword(FormStateInterface $form_state): string {
    $typed = (string) $form_state->getValue(['dispatch', 'proxy_password']);
    return $typed !== '' ? $typed : (string) $form_state->getTemporaryValue(self::TYPED_PASSWORD);
  }

  /**
   * Whether nothing has to be typed for an address.
   */
  private function keepsPassword(FormStateInterface $form_state, string $address): bool {
    [$stored, $password] = ProxyUrl::split(trim((string) $this->config(self::SETTINGS)->get('proxy')));
    return $form_state->getValue(['dispatch', 'proxy_password_remove'])
      || $this->proxy->hasPasswordFor($address)
      || ((string) $password !== '' && $stored === $address);
  }

  /**
   * One checkbox for each configuration key of the catalogue, by group.
   */
  private function buildSignals(): array {
    $config = $this->config(self::SETTINGS);
    $switches = [];
    foreach ($this->catalogue->all() as $signal) {
      $key = $signal['config_key'];
      if (!$key) {
        continue;
      }
      // A key that several signals share is one checkbox naming them all.
      $name = strtr($key, '.', ':');
      $switch = $switches[$signal['group']][$name] ?? [
        '#type' => 'checkbox',
        '#title' => '',
        '#description' => '',
        '#default_value' => $config->get($key) ?? $signal['default'],
      ];
      $switch['#title'] = ltrim($switch['#title'] . ', ' . $this->text->nameAndType($signal['type']), ', ');
      $switch['#description'] = trim($switch['#description'] . ' ' . $signal['summary']);
      $switches[$signal['group']][$name] = $switch;
    }
    $toggles = [];
    foreach ($switches as $group => $of_group) {
      $toggles[$group] = $of_group + [
        '#type' => 'details',
        '#group' => 'signals',
        '#title' => $this->t('@group (@on of @all on)', [
          '@group' => $this->groupName($group),
          '@on' => count(array_filter(array_column($of_group, '#default_value'))),
          '@all' => count($of_group),
        ]),
      ];
    }
    return [
      'recorded' => [
        '#type' => 'item',
        '#title' => $this->t('What is recorded'),
        '#markup' => $this->t('By default, every page that PHP serves is recorded with its path, the IP address and the browser of whoever requested it. To stop that, switch off "@request" under Requests. To record only the network of an address, switch on "Shorten IP addresses" under Privacy.', [
          '@request' => $this->text->nameAndType('http.request'),
        ]),
      ],
      'signals' => ['#type' => 'vertical_tabs', '#title' => $this->t('Signals')],
      'toggles' => $toggles,
    ];
  }

  /**
   * A group of signals in words; those of other modules name themselves.
   */
  private function groupName(string $group): TranslatableMarkup|string {
    return match ($group) {
      'agent' => $this->t('This module'),
      'authentication' => $this->t('Authentication'),
      'configuration' => $this->t('Configuration'),
      'content' => $this->t('Content'),
      'database' => $this->t('Database'),
      'email' => $this->t('E-mail'),
      'errors' => $this->t('Errors'),
      'extensions' => $this->t('Modules and themes'),
      'files' => $this->t('Files'),
      'health' => $this->t('Health'),
      'requests' => $this->t('Requests'),
      'security' => $this->t('Security'),
      'users' => $this->t('Accounts and roles'),
      default => ucfirst($group),
    };
  }

  /**
   * How signals are sent.
   */
  private function buildDispatch(): array {
    $config = $this->config(self::SETTINGS);
    [$address, $password] = ProxyUrl::split(trim((string) $config->get('proxy')));
    $has_password = (string) $password !== '' || $this->proxy->hasPasswordFor($address);
    return [
      '#type' => 'details',
      '#title' => $this->t('Dispatch'),
      'dispatch_mode' => [
        '#type' => 'radios',
        '#title' => $this->t('Signals are sent'),
        '#options' => [
          'cron' => $this->t('by cron'),
          'auto' => $this->t('by cron, and after a response has been sent, at most once a minute'),
          'relay' => $this->t('by the relay, a service on this server that sends within a second'),
        ],
        'cron' => ['#description' => $this->t('The cron schedule sets the interval.')],
        'auto' => [
          '#description' => AutoDispatchSubscriber::isPossible()
            ? $this->t('One PHP process at a time, for 10 seconds at most.')
            : $this->t('This server cannot run PHP after a response (PHP-FPM can): signals are sent by cron only.'),
        ],
        'relay' => [
          '#description' => $this->t('Drupal itself sends nothing. Run the service logystera-relay, with the same credentials in a file.'),
        ],
        '#default_value' => $config->get('dispatch_mode') ?? 'cron',
      ],
      'batch_size' => [
        '#type' => 'number',
        '#title' => $this->t('Events per request'),
        '#min' => 10,
        '#max' => 500,
        '#required' => TRUE,
        '#default_value' => $config->get('batch_size'),
      ],
      'proxy' => [
        '#type' => 'textfield',
        '#title' => $this->t('Proxy'),
        '#description' => $this->proxyDescription(),
        '#default_value' => $address,
        '#value_callback' => [self::class, 'proxyValue'],
        '#maxlength' => ProxyUrl::CHARS_MAX,
        '#attributes' => ['autocomplete' => 'off', 'spellcheck' => 'false'],
      ],
      'proxy_password' => [
        '#type' => 'password',
        '#title' => $this->t('Proxy password'),
        '#description' => $has_password
          ? $this->t('A password is stored. Leave this field empty to keep it. It is used for this address only: enter it again when you change the address.')
          : $this->t('The password of the user in the address. It is stored encrypted, outside the configuration, and never shown again.'),
        '#attributes' => ['autocomplete' => 'new-password'],
        '#maxlength' => ProxyUrl::PASSWORD_CHARS_MAX,
      ],
      'proxy_password_remove' => [
        '#type' => 'checkbox',
        '#title' => $this->t('Remove the stored proxy password'),
        '#default_value' => FALSE,
        '#access' => $has_password,
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
   * What to enter as a proxy, and what counts instead.
   */
  private function proxyDescription(): TranslatableMarkup {
    return $this->proxy->isOverridden()
      ? $this->t('settings.php sets the proxy (@address). The value entered here applies once that setting is removed.', ['@address' => $this->proxy->address() ?: $this->t('none')])
      : $this->t('For example http://proxy.example.org:3128, or http://user@proxy.example.org:3128. Leave empty to use no proxy.');
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
      'sent_mib' => [
        '#type' => 'number',
        '#title' => $this->t('Sent signals that stay readable on this site'),
        '#field_suffix' => $this->t('MiB'),
        '#description' => $this->t('The newest sent signals stay on the Events tab, up to this size. They are never sent again, and make room when the buffer fills up. 0 deletes signals once they are sent. Where the relay sends, give it the same size with --sent-bytes.'),
        '#min' => 0,
        '#max' => 5,
        '#required' => TRUE,
        '#default_value' => $this->config(self::SETTINGS)->get('sent_mib') ?? Dispatch::SENT_MIB,
      ],
    ];
  }

}
