<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

use Drupal\Core\Flood\FloodInterface;
use Drupal\Core\Form\FormBase;
use Drupal\Core\Form\FormStateInterface;
use Drupal\Core\Url;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Diagnostics;
use Drupal\logystera\Agent\Dispatch;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * Sends a request for help to the people behind the gateway.
 */
final class SupportForm extends FormBase {

  /**
   * What the gateway takes at most.
   */
  private const MESSAGE_CHARS_MAX = 10000;
  private const REPORT_CHARS_MAX = 50000;

  /**
   * How many requests an account may send in a span of time.
   */
  private const FLOOD_NAME = 'logystera.support';
  private const FLOOD_MAX = 5;
  private const FLOOD_SECONDS = 3600;

  public function __construct(
    private readonly Connection $connection,
    private readonly Diagnostics $diagnostics,
    private readonly Dispatch $dispatch,
    private readonly FloodInterface $flood,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static(
      $container->get(Connection::class),
      $container->get(Diagnostics::class),
      $container->get(Dispatch::class),
      $container->get('flood'),
    );
  }

  /**
   * {@inheritdoc}
   */
  public function getFormId(): string {
    return 'logystera_support';
  }

  /**
   * {@inheritdoc}
   */
  public function buildForm(array $form, FormStateInterface $form_state): array {
    $connected = $this->connection->isConnected();
    if (!$connected) {
      $form['not_connected'] = [
        '#theme' => 'status_messages',
        '#message_list' => [
          'warning' => [
            $this->t('This site is not connected, so no request can be sent. <a href=":settings">Connect it</a>, or copy the report below and send it yourself.', [
              ':settings' => Url::fromRoute('logystera.settings')->toString(),
            ]),
          ],
        ],
        '#status_headings' => ['warning' => $this->t('Warning message')],
      ];
    }
    $form['before'] = [
      '#type' => 'html_tag',
      '#tag' => 'p',
      '#value' => $this->t('The <a href=":status">status report</a> and the <a href=":own">Status tab</a> say how to solve the problems they find. For everything else, ask the operator of your gateway.', [
        ':status' => Url::fromRoute('system.status')->toString(),
        ':own' => Url::fromRoute('logystera.status')->toString(),
      ]),
    ];
    $form['message'] = [
      '#type' => 'textarea',
      '#title' => $this->t('Message'),
      '#description' => $this->t('Describe what you did, what you expected, and what you saw instead. Do not enter passwords.'),
      '#required' => TRUE,
      '#maxlength' => self::MESSAGE_CHARS_MAX,
      '#rows' => 8,
      '#disabled' => !$connected,
    ];
    $form['email'] = [
      '#type' => 'email',
      '#title' => $this->t('E-mail address for the reply'),
      '#description' => $this->t('Leave empty if you want no reply.'),
      '#disabled' => !$connected,
    ];
    $form['attach'] = [
      '#type' => 'checkbox',
      '#title' => $this->t('Include the diagnostics'),
      '#default_value' => FALSE,
      '#disabled' => !$connected,
    ];
    $form['report'] = [
      '#type' => 'textarea',
      '#title' => $this->t('Diagnostics'),
      '#description' => $this->t('If included, this text is sent as shown: remove what you do not want to share. It contains no secret, no token, no account and no recorded signal.'),
      '#default_value' => $this->diagnostics->text(),
      '#maxlength' => self::REPORT_CHARS_MAX,
      '#rows' => 16,
      '#attributes' => ['spellcheck' => 'false', 'class' => ['logystera-code']],
    ];
    $form['actions'] = [
      '#type' => 'actions',
      'submit' => [
        '#type' => 'submit',
        '#value' => $this->t('Send'),
        '#button_type' => 'primary',
        '#disabled' => !$connected,
      ],
    ];
    $form['#attached']['library'][] = 'logystera/admin';
    $form['#cache'] = ['max-age' => 0];
    return $form;
  }

  /**
   * {@inheritdoc}
   */
  public function validateForm(array &$form, FormStateInterface $form_state): void {
    if (!$this->flood->isAllowed(self::FLOOD_NAME, self::FLOOD_MAX, self::FLOOD_SECONDS, $this->floodIdentifier())) {
      $form_state->setErrorByName('', $this->t('You have sent @count requests within the last hour. Try again later.', ['@count' => self::FLOOD_MAX]));
    }
  }

  /**
   * {@inheritdoc}
   */
  public function submitForm(array &$form, FormStateInterface $form_state): void {
    $this->flood->register(self::FLOOD_NAME, self::FLOOD_SECONDS, $this->floodIdentifier());
    $email = $form_state->getValue('email');
    $answer = $this->dispatch->support(
      self::text($form_state->getValue('message')),
      $email === '' ? NULL : $email,
      $form_state->getValue('attach') ? ['report' => self::text($form_state->getValue('report'))] : NULL,
    );
    if ($answer['status'] === 'ok') {
      $this->messenger()->addStatus($this->t('Your request was sent. Its reference is @reference.', ['@reference' => $answer['reference'] ?? '?']));
      return;
    }
    $this->messenger()->addError($this->t('Your request was not sent: @error', ['@error' => $answer['error']]));
    // What was typed is not to be lost.
    $form_state->setRebuild();
  }

  /**
   * What was typed, with the ends of lines as they were shown.
   */
  private static function text(string $typed): string {
    return str_replace("\r\n", "\n", $typed);
  }

  /**
   * Whose requests are counted.
   */
  private function floodIdentifier(): string {
    return (string) $this->currentUser()->id();
  }

}
