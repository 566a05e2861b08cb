<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

use Drupal\Core\Form\ConfirmFormBase;
use Drupal\Core\Form\FormStateInterface;
use Drupal\Core\StringTranslation\TranslatableMarkup;
use Drupal\Core\Url;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Dispatch;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * Asks before the site is disconnected.
 */
final class DisconnectForm extends ConfirmFormBase {

  /**
   * How a gateway answers credentials it does not know.
   */
  private const UNKNOWN = 401;

  public function __construct(
    private readonly Connection $connection,
    private readonly Dispatch $dispatch,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static($container->get(Connection::class), $container->get(Dispatch::class));
  }

  /**
   * {@inheritdoc}
   */
  public function getFormId(): string {
    return 'logystera_disconnect';
  }

  /**
   * {@inheritdoc}
   */
  public function getQuestion(): TranslatableMarkup {
    return $this->t('Disconnect this site from its gateway?');
  }

  /**
   * {@inheritdoc}
   */
  public function getDescription(): TranslatableMarkup {
    return $this->t('The gateway stops accepting signals from this site, and the stored credentials are deleted. Signals are still recorded in the local buffer.');
  }

  /**
   * {@inheritdoc}
   */
  public function getConfirmText(): TranslatableMarkup {
    return $this->t('Disconnect');
  }

  /**
   * {@inheritdoc}
   */
  public function getCancelUrl(): Url {
    return Url::fromRoute('logystera.settings');
  }

  /**
   * {@inheritdoc}
   */
  public function submitForm(array &$form, FormStateInterface $form_state): void {
    $answer = $this->dispatch->disconnect();
    $this->connection->disconnect();
    $this->messenger()->addStatus($this->t('The site is disconnected.'));
    // Credentials the gateway does not know are good for nothing any more.
    if ($answer['status'] !== 'ok' && $answer['http_code'] !== self::UNKNOWN) {
      $this->messenger()->addWarning($this->t('The gateway did not confirm the disconnection: @error Revoke the secret of this site there: it is still valid.', [
        '@error' => $answer['error'],
      ]));
    }
    $form_state->setRedirectUrl($this->getCancelUrl());
  }

}
