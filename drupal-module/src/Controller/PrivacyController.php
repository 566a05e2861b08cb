<?php

declare(strict_types=1);

namespace Drupal\logystera\Controller;

use Drupal\Core\Controller\ControllerBase;
use Drupal\Core\Url;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Render\WideTableTrait;
use Drupal\logystera\Signal\Catalogue;
use Drupal\logystera\Signal\SignalText;
use Logystera\Agent\Exception\AgentException;
use Symfony\Component\DependencyInjection\ContainerInterface;

/**
 * What is recorded, what is never, and where it goes.
 */
final class PrivacyController extends ControllerBase {

  use WideTableTrait;

  /**
   * Where the service says what it does with what it gets.
   */
  public const SERVICE = 'https://gateway.logystera.com';
  public const POLICY = 'https://logystera.com/privacy';
  public const SIGNALS = 'https://docs.logystera.com/drupal/signals/';

  /**
   * What labels are that another module declared, by their type.
   */
  private const PRIVACY = ['uid' => 'pseudonym', 'ip' => 'personal'];

  public function __construct(
    private readonly Connection $connection,
    private readonly Catalogue $catalogue,
    private readonly SignalText $text,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function create(ContainerInterface $container): static {
    return new static($container->get(Connection::class), $container->get(Catalogue::class), $container->get(SignalText::class));
  }

  /**
   * The page.
   */
  public function page(): array {
    return [
      'service' => [
        $this->heading($this->t('Where it goes')),
        $this->paragraph($this->gateway()),
        $this->paragraph($this->t('A gateway stores the signals that sites send to it: the service at @service, or your own gateway. This module sends data nowhere else. The service describes how it handles data in its <a href=":policy">privacy policy</a>; for your own gateway, you decide.', [
          '@service' => self::SERVICE,
          ':policy' => self::POLICY,
        ])),
      ],
      'never' => [
        $this->heading($this->t('What is never recorded')),
        [
          '#theme' => 'item_list',
          '#items' => [
            $this->t('Passwords, cookies, session ids, request bodies, query strings.'),
            $this->t('Content, e-mail texts, file contents, configuration values.'),
            $this->t('Values bound to database statements, and values in error messages.'),
            $this->t('Account ids: before anything is written they are replaced by hashes with a key of this site, in paths too.'),
          ],
        ],
      ],
      'recorded' => [
        $this->heading($this->t('What is recorded')),
        $this->paragraph($this->t('By default, every page that PHP serves is recorded with its path, the IP address and the browser of whoever requested it. To stop that, switch off "@request" under Requests on the Settings tab.', [
          '@request' => $this->text->nameAndType('http.request'),
        ])),
        $this->paragraph($this->t('Switch signals off and shorten IP addresses on the <a href=":settings">Settings tab</a>. The <a href=":signals">signals documentation</a> describes each signal.', [
          ':settings' => Url::fromRoute('logystera.settings')->toString(),
          ':signals' => self::SIGNALS,
        ])),
        $this->signals(),
      ],
      '#attached' => ['library' => ['logystera/admin']],
      '#cache' => ['max-age' => 0],
    ];
  }

  /**
   * Where this very site sends to.
   */
  private function gateway(): \Stringable {
    try {
      $url = $this->connection->credentials()?->gatewayUrl();
    }
    catch (AgentException) {
      $url = NULL;
    }
    return $url
      ? $this->t('This site is connected to @url. Signals go there over HTTPS, signed, and the newest of them stay readable on this site, as far as the Settings tab says.', ['@url' => $url])
      : $this->t('This site is not connected: signals stay in a buffer of at most 50 MiB in its private directory, and nothing leaves it.');
  }

  /**
   * Every signal with its labels, straight from the extension.
   */
  private function signals(): array {
    $rows = [];
    foreach ($this->catalogue->all() as $type => $signal) {
      $labels = ['personal' => [], 'pseudonym' => [], 'none' => []];
      foreach ($signal['labels'] as $label) {
        $labels[$label['privacy'] ?? self::PRIVACY[$label['type']] ?? 'none'][] = $label['name'];
      }
      $rows[] = [
        ['data' => $this->text->nameAndType($type), 'header' => TRUE, 'scope' => 'row'],
        $signal['summary'],
        ...array_map(static fn(array $names): string => implode(', ', $names) ?: '–', array_values($labels)),
      ];
    }
    return $this->wideTable($this->t('Signals and their labels'), [
      $this->t('Signal'),
      $this->t('Meaning'),
      $this->t('Personal labels'),
      $this->t('Hashed labels'),
      $this->t('Other labels'),
    ], $rows, $this->t('The extension, which defines the signals, is not loaded.'));
  }

  /**
   * A heading.
   */
  private function heading(\Stringable $text): array {
    return ['#type' => 'html_tag', '#tag' => 'h2', '#value' => $text];
  }

  /**
   * A paragraph.
   */
  private function paragraph(\Stringable $text): array {
    return ['#type' => 'html_tag', '#tag' => 'p', '#value' => $text];
  }

}
