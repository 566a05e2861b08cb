<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

use Drupal\Core\Form\ConfirmFormBase;
use Drupal\Core\Form\FormStateInterface;
use Drupal\Core\StringTranslation\TranslatableMarkup;
use Drupal\Core\Url;
use Drupal\logystera\Agent\Connection;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * Asks before the site is disconnected.
 */
final class DisconnectForm extends ConfirmFormBase {

  public function __construct(private readonly Connection $connection) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static($container->get(Connection::class));
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
    return $this->t('The stored credentials are deleted. Signals are still recorded and wait in the local buffer.');
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
    $this->connection->disconnect();
    $this->messenger()->addStatus($this->t('The site is disconnected.'));
    $form_state->setRedirectUrl($this->getCancelUrl());
  }

}
