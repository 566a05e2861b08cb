<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Functional;

use Drupal\Core\Url;
use Drupal\logystera\Agent\BufferDirectory;
use Drupal\Tests\BrowserTestBase;
use Drupal\Tests\logystera\Traits\RecordedSignalsTrait;
use Drupal\user\UserInterface;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * The tabs, as a browser gets them.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class PagesTest extends BrowserTestBase {

  use RecordedSignalsTrait;

  private const BASE = 'admin/config/system/logystera';

  /**
   * {@inheritdoc}
   */
  protected static $modules = ['block', 'logystera'];

  /**
   * {@inheritdoc}
   */
  protected $defaultTheme = 'stark';

  /**
   * {@inheritdoc}
   */
  protected function setUp(): void {
    parent::setUp();
    $this->drupalPlaceBlock('local_tasks_block');
  }

  /**
   * Each sees the tabs that open to them, and gets 403 for the others.
   */
  public function testTabsFollowPermissions(): void {
    $this->drupalGet(self::BASE . '/events');
    $this->assertSession()->statusCodeEquals(403);
    $tabs = [
      'administer logystera' => ['Settings', 'Status', 'Debug', 'Support'],
      'view logystera events' => ['Status', 'Events', 'Ingest Logs'],
      'flush logystera buffer' => ['Status'],
    ];
    foreach ($tabs as $permission => $titles) {
      $this->loginWith([$permission]);
      $this->drupalGet(self::BASE . '/status');
      $this->assertSession()->statusCodeEquals(200);
      foreach (['Settings', 'Status', 'Events', 'Ingest Logs', 'Debug', 'Support'] as $title) {
        $shown = count($titles) > 1 && in_array($title, $titles, TRUE);
        $this->assertCount($shown ? 1 : 0, $this->xpath('//ul//a[starts-with(normalize-space(.), :title)]', [':title' => $title]), "$title for '$permission'");
      }
      // Sending is a button of those who may send.
      $this->assertCount($permission === 'view logystera events' ? 0 : 1, $this->xpath('//input[@value="Flush Now"]'));
    }
  }

  /**
   * What is out of range or malformed is refused by name, nothing is stored.
   */
  public function testSettingsFormRefusesWhatMakesNoSense(): void {
    $this->loginWith(['administer logystera']);
    $before = $this->config('logystera.settings')->getRawData();
    $refusals = [
      '9' => 'higher than or equal to 10',
      '501' => 'lower than or equal to 500',
      'many' => 'must be a number',
      '' => 'is required',
    ];
    foreach ($refusals as $size => $message) {
      $this->drupalGet(self::BASE);
      $this->submitForm(['dispatch[batch_size]' => $size], 'Save configuration');
      $this->assertSession()->elementTextContains('css', '[role="alert"], [data-drupal-messages]', 'Events per request');
      $this->assertSession()->pageTextContains($message);
    }
    $malformed = [
      ['http://gateway.example.org', 'ent_' . str_repeat('a', 22)],
      ['https://gateway.example.org', 'not a token'],
      ['https://user:planted-secret@gateway.example.org', 'ent_' . str_repeat('a', 22)],
    ];
    foreach ($malformed as [$url, $token]) {
      $this->drupalGet(self::BASE);
      $this->submitForm([
        'connection[url]' => $url,
        'connection[token]' => $token,
        'connection[secret]' => str_repeat('planted-secret', 4),
      ], 'Connect with these credentials');
      $this->assertSession()->elementExists('css', '[data-drupal-messages] [role="alert"]');
      $this->assertSession()->responseNotContains('planted-secret');
      $this->assertNull(\Drupal::state()->get('logystera.credentials'));
    }
    $this->assertSame($before, \Drupal::configFactory()->reset('logystera.settings')->get('logystera.settings')->getRawData());
  }

  /**
   * What is saved is stored, shown again, and obeyed by the next page.
   */
  public function testSettingsFormStoresWhatItIsGiven(): void {
    $this->loginWith(['administer logystera']);
    $this->drupalGet(self::BASE);
    $this->submitForm([
      'toggles[requests][signals:page_visit]' => FALSE,
      'dispatch[batch_size]' => '250',
      'dispatch[dispatch_mode]' => 'auto',
      'privacy[anonymize_ip]' => TRUE,
    ], 'Save configuration');
    $this->assertSession()->pageTextContains('The configuration options have been saved.');
    $this->assertSession()->fieldValueEquals('dispatch[batch_size]', '250');
    $this->assertSession()->checkboxNotChecked('toggles[requests][signals:page_visit]');
    $settings = \Drupal::configFactory()->reset('logystera.settings')->get('logystera.settings');
    $this->assertSame([FALSE, 250, 'auto', TRUE], [
      $settings->get('signals.page_visit'),
      $settings->get('batch_size'),
      $settings->get('dispatch_mode'),
      $settings->get('anonymize_ip'),
    ]);
    $this->emptyBuffer();
    $this->drupalGet('user/password');
    $this->drupalGet('admin');
    $this->awaitRecorded('access.denied', 1);
    $this->assertSame(['127.0.0.0'], $this->recordedLabels('access.denied', 'ip'));
    $this->assertSame([], $this->recorded('http.request'));
  }

  /**
   * List, filters in the URL, pager, payload page and both exports.
   */
  public function testEventsAreFoundShownAndExported(): void {
    // Names as somebody would type who wants to break pages and spreadsheets.
    $names = ['<b>bold</b>', '=1+1', 'Müller', 'plain'];
    foreach ($names as $name) {
      $this->drupalGet('user/login');
      $this->submitForm(['name' => $name, 'pass' => 'wrong'], 'Log in');
    }
    $this->awaitRecorded('auth.login_failed', count($names));
    $this->assertSame($names, $this->recordedLabels('auth.login_failed', 'username'));
    $this->loginWith(['view logystera events']);

    $this->drupalGet(self::BASE . '/events');
    $this->submitForm(['type' => 'auth.login_failed', 'text' => 'Müller'], 'edit-submit');
    $query = ['type' => 'auth.login_failed', 'text' => 'Müller'];
    $this->assertSession()->addressEquals(Url::fromRoute('logystera.events', [], ['query' => $query])->toString());
    $this->assertRows(1);
    $this->assertSession()->pageTextContains('A login as "Müller" from 127.0.0.1 failed');
    // The payload is folded by the browser: there without a script.
    $this->assertSession()->elementTextContains('css', 'td details.logystera-folded > summary', 'Payload');
    $this->assertSession()->elementTextContains('css', 'td details.logystera-folded > pre', '"username": "Müller"');
    $this->assertSession()->elementTextContains('css', 'td strong', 'Failed login');
    $this->clickLink('auth.login_failed');
    $this->assertSession()->elementTextContains('css', 'pre', '"username": "Müller"');

    $this->filter(['type' => 'auth.login_failed']);
    $this->assertRows(4);
    $this->assertSession()->responseNotContains('<b>bold</b>');
    $this->assertSession()->pageTextContains('<b>bold</b>');
    $this->filter(['severity' => 'critical']);
    $this->assertRows(0);
    $this->assertSession()->pageTextContains('No signal matches the filter.');
    $today = \Drupal::service('date.formatter')->format(time(), 'custom', 'Y-m-d');
    $this->filter(['type' => 'auth.login_failed', 'since' => $today, 'until' => $today]);
    $this->assertRows(4);
    $this->filter(['type' => 'auth.login_failed', 'until' => '2020-01-01']);
    $this->assertRows(0);
    // What makes no sense is no filter, and nothing breaks.
    $this->filter(['type' => ['a'], 'since' => 'yesterday', 'text' => str_repeat('x', 200)]);
    $this->assertSession()->statusCodeEquals(200);

    $csv = $this->export('csv', ['type' => 'auth.login_failed']);
    $this->assertSame('text/csv; charset=utf-8', $this->getSession()->getResponseHeader('Content-Type'));
    $this->assertStringContainsString('attachment', (string) $this->getSession()->getResponseHeader('Content-Disposition'));
    $lines = array_map(static fn(string $line): array => str_getcsv($line, ',', '"', ''), explode("\n", trim($csv)));
    $this->assertSame(['time', 'type', 'severity', 'event_id', 'labels'], $lines[0]);
    $this->assertCount(5, $lines);
    $this->assertSame('plain', json_decode((string) $lines[1][4], TRUE)['username']);
    $json = json_decode($this->export('json', ['type' => 'auth.login_failed']), TRUE, 512, JSON_THROW_ON_ERROR);
    $this->assertSame(array_reverse($names), array_column(array_column($json, 'labels'), 'username'));
    $this->assertSame([], json_decode($this->export('json', ['text' => 'nobody-typed-this']), TRUE, 512, JSON_THROW_ON_ERROR));

    foreach (['events/export/xml', 'events/no-such-event', 'events/00000000-0000-4000-8000-000000000000'] as $path) {
      $this->drupalGet(self::BASE . "/$path");
      $this->assertSession()->statusCodeEquals(404);
    }

    // More than a page.
    for ($visit = 0; $visit < 45; $visit++) {
      $this->drupalGet('user/login', ['query' => ['visit' => $visit]]);
    }
    $this->awaitRecorded('http.request', 51);
    $this->filter(['type' => 'http.request']);
    $this->assertRows(50);
    $this->clickLink('2');
    $this->assertSession()->statusCodeEquals(200);
    $this->assertStringContainsString('type=http.request', $this->getSession()->getCurrentUrl());
    $this->assertGreaterThan(0, count($this->rows()));
  }

  /**
   * What was sent stays on the Events tab, marked, as its filter wants it.
   */
  public function testSentSignalsStayOnTheEventsTab(): void {
    $this->drupalGet('user/login');
    $this->submitForm(['name' => 'sent one', 'pass' => 'wrong'], 'Log in');
    $this->awaitRecorded('auth.login_failed', 1);
    $this->markAllSent();
    $this->drupalGet('user/login');
    $this->submitForm(['name' => 'waiting one', 'pass' => 'wrong'], 'Log in');
    $this->awaitRecorded('auth.login_failed', 1);
    $this->loginWith(['view logystera events', 'administer logystera']);
    $type = ['type' => 'auth.login_failed'];
    foreach (['Waiting' => ['waiting one'], 'Sent' => ['sent one'], '' => ['waiting one', 'sent one']] as $delivery => $names) {
      $this->filter($type + array_filter(['delivery' => strtolower($delivery)]));
      $this->assertRows(count($names));
      foreach ($names as $name) {
        $this->assertSession()->pageTextContains("A login as \"$name\"");
        $state = $name === 'sent one' ? 'Sent' : 'Waiting';
        $this->assertCount(1, $this->xpath('//tr[td[contains(., :name)]]/td[last()][normalize-space(.) = :state]', [':name' => $name, ':state' => $state]));
      }
    }
    $this->assertCount(2, json_decode($this->export('json', $type), TRUE, 512, JSON_THROW_ON_ERROR));
    $this->filter($type + ['delivery' => 'sent']);
    $this->clickLink('auth.login_failed');
    $this->assertSession()->pageTextContains('Failed login (auth.login_failed)');
    $this->assertSession()->elementTextContains('css', 'pre', '"username": "sent one"');
    // How much stays is a setting; more than 5 MiB is none.
    $this->drupalGet(self::BASE);
    $this->assertSession()->pageTextContains('By default, every page that PHP serves is recorded');
    $this->submitForm(['privacy[sent_mib]' => '6'], 'Save configuration');
    $this->assertSession()->pageTextContains('lower than or equal to 5');
    $this->submitForm(['privacy[sent_mib]' => '0'], 'Save configuration');
    $this->assertSession()->pageTextContains('The configuration options have been saved.');
    $this->assertSame(0, \Drupal::configFactory()->reset('logystera.settings')->get('logystera.settings')->get('sent_mib'));
  }

  /**
   * A buffer that cannot be used breaks no page; the report says what to do.
   */
  public function testNoPageBreaksWithoutBuffer(): void {
    $account = $this->loginWith([
      'administer logystera',
      'view logystera events',
      'administer site configuration',
    ]);
    $path = (string) \Drupal::service(BufferDirectory::class)->path();
    $this->assertDirectoryExists($path);
    $this->replaceBufferByFile($path);
    // A process believes its last look at the directory for a second.
    sleep(2);
    foreach (['', '/status', '/events', '/ingest-logs', '/debug', '/support', '/disconnect'] as $tab) {
      $this->drupalGet(self::BASE . $tab);
      $this->assertSession()->statusCodeEquals(200);
    }
    $this->drupalGet('admin/reports/status');
    $this->assertSession()->pageTextContains('Not recording correctly');
    $this->assertSession()->pageTextContains(basename($path));
    $this->drupalGet(self::BASE . '/events/export/json');
    $this->assertSession()->statusCodeEquals(404);
    $this->drupalLogout();
    $this->drupalLogin($account);

    unlink($path);
    $this->drupalGet('admin/reports/status');
    $this->assertSession()->pageTextContains('Recording, not connected');
  }

  /**
   * Puts a plain file where the buffer's directory is.
   *
   * A request that still commits behind its visitor's back would make the
   * directory again in between: then that one has to go as well.
   */
  private function replaceBufferByFile(string $path): void {
    touch("$path-file");
    for ($try = 0; $try < 20 && !is_file($path); $try++) {
      rename($path, "$path-moved-$try");
      @rename("$path-file", $path);
      clearstatcache();
    }
    $this->assertFileExists($path);
    $this->assertDirectoryDoesNotExist($path);
  }

  /**
   * Mappers that throw break no page.
   */
  public function testNoPageBreaksWithBrokenMappers(): void {
    \Drupal::service('module_installer')->install(['logystera_broken_test']);
    $this->rebuildAll();
    $this->loginWith(['administer site configuration']);
    $this->drupalGet('user');
    $this->assertSession()->statusCodeEquals(200);
    $this->awaitRecorded('http.request', 1);
    $this->awaitRecorded('auth.login', 1);
    $this->drupalGet('admin/reports/status');
    $this->assertSession()->pageTextContains('Some signals could not be recorded');
    $this->assertSession()->pageTextMatches('/http\.request: \d+ \(LogicException at BrokenSignals\.php:\d+\)/');
    $this->assertSession()->pageTextMatches('/auth\.login: 1 \(TypeError at /');
    $this->assertSession()->responseNotContains('planted-in-an-exception');
  }

  /**
   * Logs in as a new account with these permissions.
   */
  private function loginWith(array $permissions): UserInterface {
    $account = $this->drupalCreateUser($permissions);
    assert($account instanceof UserInterface);
    $this->drupalLogin($account);
    return $account;
  }

  /**
   * Opens the list of events with a filter in the URL.
   */
  private function filter(array $query): void {
    $this->drupalGet(self::BASE . '/events', ['query' => $query]);
  }

  /**
   * The export under a filter.
   */
  private function export(string $format, array $query): string {
    $this->drupalGet(self::BASE . "/events/export/$format", ['query' => $query]);
    $this->assertSession()->statusCodeEquals(200);
    return $this->getSession()->getPage()->getContent();
  }

  /**
   * Rows of the list that show an event.
   */
  private function rows(): array {
    return $this->xpath('//table//tr[.//a[starts-with(@aria-label, "Payload of ")]]');
  }

  /**
   * How many events the list shows.
   */
  private function assertRows(int $count): void {
    $this->assertCount($count, $this->rows());
  }

}
