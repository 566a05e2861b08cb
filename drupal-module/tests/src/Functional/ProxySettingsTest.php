<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Functional;

use Drupal\Core\Database\Database;
use Drupal\logystera\Agent\Proxy;
use Drupal\Tests\BrowserTestBase;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * The proxy on the settings form: a password goes in and never comes back.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class ProxySettingsTest extends BrowserTestBase {

  private const PAGE = 'admin/config/system/logystera';
  private const SAVED = 'The configuration options have been saved.';
  private const ADDRESS = 'http://ann@proxy.example.org:3128';

  /**
   * {@inheritdoc}
   */
  protected static $modules = ['dblog', 'logystera'];

  /**
   * {@inheritdoc}
   */
  protected $defaultTheme = 'stark';

  /**
   * {@inheritdoc}
   */
  protected function setUp(): void {
    parent::setUp();
    $account = $this->drupalCreateUser(['administer logystera', 'administer site configuration', 'access site reports']);
    assert($account !== FALSE);
    $this->drupalLogin($account);
  }

  /**
   * Stored, kept, asked for again, replaced and removed.
   */
  public function testPasswordIsStoredKeptReplacedAndRemoved(): void {
    // Within the address.
    $this->save('http://ann:planted-h%2Fush@proxy.example.org:3128', '', self::SAVED);
    $this->assertSession()->fieldValueEquals('dispatch[proxy]', self::ADDRESS);
    $this->assertStored(self::ADDRESS, 'http://ann:planted-h%2Fush@proxy.example.org:3128');
    $this->assertSession()->pageTextContains('A password is stored. Leave this field empty to keep it.');

    // Nothing typed: it stays, also when something else is saved.
    $this->save(self::ADDRESS, '', self::SAVED);
    $this->drupalGet(self::PAGE);
    $this->submitForm(['dispatch[batch_size]' => '50'], 'Save configuration');
    $this->assertStored(self::ADDRESS, 'http://ann:planted-h%2Fush@proxy.example.org:3128');

    // Another host does not get it.
    $this->save('http://ann@elsewhere.example.org', '', 'Enter the proxy password: none is stored');
    $this->assertStored(self::ADDRESS, 'http://ann:planted-h%2Fush@proxy.example.org:3128');

    // In its own field, which wins, and for another host.
    $this->save('http://ann:planted-not-this@elsewhere.example.org', ' planted-%2F: ', self::SAVED);
    $this->assertStored('http://ann@elsewhere.example.org', 'http://ann:%20planted-%252F%3A%20@elsewhere.example.org');

    $this->drupalGet(self::PAGE);
    $this->submitForm(['dispatch[proxy_password_remove]' => TRUE], 'Save configuration');
    $this->assertStored('http://ann:@elsewhere.example.org', 'http://ann:@elsewhere.example.org');
    $this->assertSession()->fieldNotExists('dispatch[proxy_password_remove]');
    $this->assertNull(\Drupal::state()->get('logystera.proxy'));

    // No proxy, no password.
    $this->save(self::ADDRESS, 'planted-hush', self::SAVED);
    $this->save('', '', self::SAVED);
    $this->assertNull(\Drupal::state()->get('logystera.proxy'));
    $this->assertNowhere();
  }

  /**
   * What is wrong is refused by name, and what was typed is not shown again.
   */
  public function testRefusedPageShowsNoPassword(): void {
    $long = str_repeat('planted', 37);
    $refused = [
      ['http://ann:planted-hush@proxy.example.org:99999', '', 'Enter the proxy as http://'],
      ['http://ann:planted-hush@no such', '', 'Enter the proxy as http://'],
      ['ann:planted-hush@proxy.example.org', '', 'Enter the proxy as http://'],
      ['http://ann:planted-hush@', '', 'Enter the proxy as http://'],
      ['http://proxy.example.org', 'planted-hush', 'A password needs a user'],
      ['http://ann:@proxy.example.org', 'planted-hush', 'A password needs a user'],
      ['', 'planted-hush', 'A password needs a user'],
      [self::ADDRESS, '', 'none is stored for ' . self::ADDRESS],
      ["http://ann:planted%00@proxy.example.org", '', 'without control characters'],
      ["http://ann:$long@proxy.example.org", '', 'at most 256 characters'],
      [self::ADDRESS, $long, 'cannot be longer than'],
    ];
    foreach ($refused as [$address, $password, $message]) {
      $this->save($address, $password, $message);
      $this->assertNull(\Drupal::state()->get('logystera.proxy'));
    }
    // Something else on the page was wrong.
    $this->drupalGet(self::PAGE);
    $this->submitForm([
      'dispatch[proxy]' => 'http://ann:planted-hush@proxy.example.org:3128',
      'dispatch[batch_size]' => '5000',
    ], 'Save configuration');
    $this->assertSession()->pageTextContains('lower than or equal to 500');
    $this->assertSession()->fieldValueEquals('dispatch[proxy]', self::ADDRESS);
    $this->assertSession()->responseNotContains('planted');
    // Another button, with which the page comes again as it was typed.
    $this->drupalGet(self::PAGE);
    $this->submitForm([
      'dispatch[proxy]' => 'http://ann:planted-hush@proxy.example.org:3128',
      'dispatch[proxy_password]' => 'planted-hush',
      'connection[url]' => 'http://127.0.0.1:9',
      'connection[token]' => 'ent_' . str_repeat('a', 22),
      'connection[secret]' => str_repeat('planted-secret', 4),
    ], 'Test these credentials');
    $this->assertSession()->pageTextContains('The test failed');
    $this->assertSession()->responseNotContains('planted');
    $this->assertSame('', \Drupal::configFactory()->reset('logystera.settings')->get('logystera.settings')->get('proxy'));
    $this->assertNowhere();
  }

  /**
   * One that settings.php has is said to count, not shown.
   */
  public function testOverrideIsNotShown(): void {
    $settings['config']['logystera.settings']['proxy'] = (object) [
      'value' => 'http://ann:planted-hush@override.example.org',
      'required' => TRUE,
    ];
    $this->writeSettings($settings);
    $this->drupalGet(self::PAGE);
    $this->assertSession()->pageTextContains('settings.php sets the proxy (http://ann@override.example.org)');
    $this->assertSession()->fieldValueEquals('dispatch[proxy]', '');
    $this->save('http://bob:planted-too@proxy.example.org', '', self::SAVED);
    $this->assertSession()->fieldValueEquals('dispatch[proxy]', 'http://bob@proxy.example.org');
    foreach (['debug', 'status', 'support'] as $tab) {
      $this->drupalGet(self::PAGE . "/$tab");
      $this->assertSession()->statusCodeEquals(200);
      $this->assertSession()->responseNotContains('planted');
    }
    $this->drupalGet(self::PAGE . '/debug');
    $this->assertSession()->pageTextContains('in settings.php');
    $this->assertNowhere();
  }

  /**
   * Fills in the proxy, saves, and sees no password in the answer.
   */
  private function save(string $address, string $password, string $message): void {
    $this->drupalGet(self::PAGE);
    $this->assertSession()->responseNotContains('planted');
    $this->submitForm(['dispatch[proxy]' => $address, 'dispatch[proxy_password]' => $password], 'Save configuration');
    $this->assertSession()->pageTextContains($message);
    $this->assertSession()->responseNotContains('planted');
  }

  /**
   * Asserts what is configured, and what an HTTP client is given.
   */
  private function assertStored(string $address, string $whole): void {
    \Drupal::state()->resetCache();
    $this->assertSame($address, \Drupal::configFactory()->reset('logystera.settings')->get('logystera.settings')->get('proxy'));
    $proxy = \Drupal::service(Proxy::class);
    $this->assertNull($proxy->problem());
    $this->assertSame($whole, $proxy->url());
  }

  /**
   * Asserts that no byte of it is in the database, the log or another page.
   */
  private function assertNowhere(): void {
    $file = Database::getConnectionInfo()['default']['database'] ?? '';
    $searched = 0;
    // The database last: what leaves its write-ahead log meanwhile is there.
    foreach (array_reverse(glob("$file*") ?: []) as $part) {
      $content = (string) @file_get_contents($part);
      $this->assertStringNotContainsString('planted', $content, basename($part));
      $searched += strlen($content);
    }
    $this->assertGreaterThan(100000, $searched);
    foreach (['admin/reports/status', 'admin/reports/dblog', self::PAGE . '/debug'] as $page) {
      $this->drupalGet($page);
      $this->assertSession()->statusCodeEquals(200);
      $this->assertSession()->responseNotContains('planted');
    }
  }

}
