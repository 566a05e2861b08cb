<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

use Drupal\Core\DependencyInjection\ContainerInjectionInterface;
use Drupal\Core\DependencyInjection\DependencySerializationTrait;
use Drupal\Core\Form\FormStateInterface;
use Drupal\Core\Messenger\MessengerTrait;
use Drupal\Core\Routing\TrustedRedirectResponse;
use Drupal\Core\StringTranslation\StringTranslationTrait;
use Drupal\Core\Url;
use Drupal\logystera\Agent\Authorization;
use Drupal\logystera\Agent\AuthorizationFailed;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Agent\ProxyUrl;
use Drupal\logystera\Controller\PrivacyController;
use Logystera\Agent\Credentials;
use Logystera\Agent\Exception\AgentException;
use Symfony\Component\DependencyInjection\ContainerInterface;
use Symfony\Component\HttpFoundation\RequestStack;

/**
 * The part of the settings page that connects the site with a gateway.
 *
 * Its buttons act at once and submit nothing else of the page. No credentials
 * are configuration: they are stored by the Connection.
 */
final class ConnectionSection implements ContainerInjectionInterface {

  use DependencySerializationTrait;
  use FlushReportTrait;
  use MessengerTrait;
  use StringTranslationTrait;

  public function __construct(
    private readonly Connection $connection,
    private readonly Dispatch $dispatch,
    private readonly Authorization $authorization,
    private readonly RequestStack $requests,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static(
      $container->get(Connection::class),
      $container->get(Dispatch::class),
      $container->get(Authorization::class),
      $container->get('request_stack'),
    );
  }

  /**
   * Where the site is connected to, and how to change that.
   */
  public function build(): array {
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
        '#description' => $this->t('<a href=":privacy">What is recorded, and where it goes</a>', [
          ':privacy' => Url::fromRoute('logystera.privacy')->toString(),
        ]),
      ],
      'stored' => [
        '#type' => 'actions',
        '#weight' => 0,
        '#access' => $this->connection->isConnected(),
        'test' => [
          '#type' => 'submit',
          '#value' => $this->t('Test the connection'),
          '#name' => 'test_stored',
          '#limit_validation_errors' => [],
          '#submit' => [[$this, 'testStored']],
          '#access' => $credentials !== NULL,
        ],
        'disconnect' => [
          '#type' => 'link',
          '#title' => $this->t('Disconnect'),
          '#url' => Url::fromRoute('logystera.disconnect'),
          '#attributes' => ['class' => ['button', 'button--danger']],
        ],
      ],
      'once' => [
        '#type' => $credentials ? 'details' : 'container',
        '#title' => $this->t('Reconnect, or connect to another gateway'),
        '#parents' => ['connection'],
        'gateway' => [
          '#type' => 'url',
          '#title' => $this->t('Gateway'),
          '#description' => $this->t('Log in at the gateway and agree; this site then receives its credentials. Enter @service or the address of your own gateway.', [
            '@service' => PrivacyController::SERVICE,
          ]),
          '#default_value' => $credentials?->gatewayUrl() ?? PrivacyController::SERVICE,
          '#value_callback' => [self::class, 'gatewayValue'],
        ],
        'actions' => [
          '#type' => 'actions',
          'authorize' => [
            '#type' => 'submit',
            '#value' => $this->t('Connect'),
            '#name' => 'authorize',
            '#button_type' => 'primary',
            '#limit_validation_errors' => [['connection', 'gateway']],
            '#submit' => [[$this, 'authorize']],
          ],
        ],
      ],
      'manual' => $this->buildManual($credentials),
    ];
  }

  /**
   * Credentials somebody was given.
   */
  private function buildManual(?Credentials $credentials): array {
    return [
      '#type' => 'details',
      '#title' => $this->t('Connect with credentials'),
      '#parents' => ['connection'],
      'url' => [
        '#type' => 'url',
        '#title' => $this->t('Gateway URL'),
        '#description' => $this->t('The gateway that receives the signals of this site: @service, or your own.', [
          '@service' => PrivacyController::SERVICE,
        ]),
        '#default_value' => $credentials?->gatewayUrl() ?? '',
        '#value_callback' => [self::class, 'gatewayValue'],
        '#placeholder' => PrivacyController::SERVICE,
      ],
      'token' => [
        '#type' => 'textfield',
        '#title' => $this->t('Entity token'),
        '#default_value' => $credentials?->entityToken() ?? '',
        '#attributes' => ['autocomplete' => 'off', 'spellcheck' => 'false'],
      ],
      'secret' => [
        '#type' => 'password',
        '#title' => $this->t('Entity secret'),
        '#description' => $this->t('Signs what this site sends. It is stored encrypted and never shown again.'),
        '#attributes' => ['autocomplete' => 'new-password'],
        '#maxlength' => 256,
      ],
      'actions' => [
        '#type' => 'actions',
        'connect' => [
          '#type' => 'submit',
          '#value' => $this->t('Connect with these credentials'),
          '#name' => 'connect',
          '#limit_validation_errors' => [['connection']],
          '#validate' => [[$this, 'validate']],
          '#submit' => [[$this, 'connect']],
        ],
        'test' => [
          '#type' => 'submit',
          '#value' => $this->t('Test these credentials'),
          '#name' => 'test_typed',
          '#limit_validation_errors' => [['connection']],
          '#validate' => [[$this, 'validate']],
          '#submit' => [[$this, 'testTyped']],
        ],
      ],
    ];
  }

  /**
   * Sends the administrator to the gateway, to agree there.
   */
  public function authorize(array &$form, FormStateInterface $form_state): void {
    // Nothing but a request submits a form.
    $request = $this->requests->getCurrentRequest();
    assert($request !== NULL);
    try {
      $there = $this->authorization->begin($form_state->getValue(['connection', 'gateway']), $request);
      $form_state->setResponse(new TrustedRedirectResponse($there, 303));
    }
    catch (AuthorizationFailed $failed) {
      $this->messenger()->addError($failed->getMessage());
    }
  }

  /**
   * Connects the site with what was typed, and sends what is waiting.
   */
  public function connect(array &$form, FormStateInterface $form_state): void {
    $credentials = $this->typedCredentials($form_state);
    try {
      $this->connection->connect($credentials);
    }
    catch (AgentException $error) {
      $this->messenger()->addError($error->getMessage());
      return;
    }
    $this->messenger()->addStatus($this->t('The site is connected to @url.', ['@url' => $credentials->gatewayUrl()]));
    $this->reportFlush($this->dispatch->flush());
  }

  /**
   * Asks the gateway whether what was typed is right; nothing is stored.
   */
  public function testTyped(array &$form, FormStateInterface $form_state): void {
    $this->reportPing($this->dispatch->ping($this->typedCredentials($form_state)));
    // The page comes again with what was typed, but for the secret.
    $form_state->setRebuild();
  }

  /**
   * Asks the gateway whether the stored credentials are still good.
   */
  public function testStored(array &$form, FormStateInterface $form_state): void {
    $this->reportPing($this->dispatch->ping());
  }

  /**
   * Checks what was typed before anything is stored or asked.
   */
  public function validate(array &$form, FormStateInterface $form_state): void {
    try {
      $this->typedCredentials($form_state);
    }
    catch (AgentException $error) {
      $form_state->setError($form['connection'], $error->getMessage());
    }
  }

  /**
   * What was typed as address of a gateway, without a password.
   *
   * It has none; whoever types one all the same is told so, and the page that
   * tells it does not show the password again.
   */
  public static function gatewayValue(array &$element, mixed $input, FormStateInterface $form_state): ?string {
    return is_string($input) ? ProxyUrl::split(trim($input))[0] : NULL;
  }

  /**
   * The credentials, unless there are none or they no longer open.
   */
  private function currentCredentials(): ?Credentials {
    try {
      return $this->connection->credentials();
    }
    catch (AgentException) {
      $this->messenger()->addError($this->t('The stored credentials cannot be decrypted, because the hash salt in settings.php changed. Connect the site again.'));
      return NULL;
    }
  }

  /**
   * The credentials that were typed.
   *
   * @throws \Logystera\Agent\Exception\AgentException
   *   When they cannot be right.
   */
  private function typedCredentials(FormStateInterface $form_state): Credentials {
    $typed = $form_state->getValue('connection');
    return new Credentials(trim($typed['url']), trim($typed['token']), $typed['secret']);
  }

  /**
   * Tells what the gateway said to credentials.
   */
  private function reportPing(array $answer): void {
    if ($answer['status'] === 'ok') {
      $this->messenger()->addStatus($this->t('The gateway answers and knows this site.'));
    }
    else {
      $this->messenger()->addError($this->t('The test failed: @error', ['@error' => $answer['error']]));
    }
  }

}
