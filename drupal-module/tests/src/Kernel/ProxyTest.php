<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\Component\DependencyInjection\Dumper\OptimizedPhpArrayDumper;
use Drupal\Core\Config\MemoryStorage;
use Drupal\Core\Config\StorageCopyTrait;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Diagnostics;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Agent\Proxy;
use Drupal\logystera\Agent\ProxyUrl;
use Drupal\logystera\Agent\Verification;
use Drupal\logystera\Hook\AdminHooks;
use Drupal\Tests\logystera\Traits\StrangeGatewayTrait;
use Drupal\user\Entity\User;
use Logystera\Agent\Credentials;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * The password of a proxy: where it is, where it goes, and where it is not.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class ProxyTest extends LogysteraKernelTestBase {

  use StorageCopyTrait;
  use StrangeGatewayTrait;

  private const PASSWORD = 'planted-h/ush';
  private const AUTHORIZATION = 'Basic YW5uOnBsYW50ZWQtaC91c2g=';

  /**
   * {@inheritdoc}
   */
  protected static $modules = ['system', 'user', 'dblog', 'logystera'];

  /**
   * {@inheritdoc}
   */
  protected function setUp(): void {
    parent::setUp();
    $this->installSchema('dblog', ['watchdog']);
    $this->container->get(Connection::class)->connect(new Credentials('http://127.0.0.1:9', 'ent_' . str_repeat('a', 22), str_repeat('secret', 8)));
  }

  /**
   * {@inheritdoc}
   */
  protected function tearDown(): void {
    $this->stopGateway();
    unset($GLOBALS['config']['logystera.settings']);
    parent::tearDown();
  }

  /**
   * Whoever saves a password in the clear has it sealed, and nothing shows it.
   */
  public function testSavedPasswordLeavesTheConfiguration(): void {
    $this->startGateway();
    $this->save($this->proxy('ann:planted-h%2Fush@'));
    $this->assertSame($this->proxy('ann@'), $this->config('logystera.settings')->get('proxy'));
    $this->assertSame('stored', $this->container->get(Proxy::class)->passwordState());
    $this->rebuild();
    $this->assertNowhere();
    $this->assertSent(self::AUTHORIZATION);
    $this->assertNowhere();
    $this->assertStringContainsString('held the password of the proxy', $this->log());
    // The change of another setting leaves it where it is.
    $this->config('logystera.settings')->set('batch_size', 20)->save();
    $this->rebuild();
    $this->assertSent(self::AUTHORIZATION);
  }

  /**
   * One that settings.php has is used, and is as well hidden.
   */
  public function testPasswordOfSettingsPhpIsUsedAndNotShown(): void {
    $this->startGateway();
    $GLOBALS['config']['logystera.settings']['proxy'] = $this->proxy('ann:' . self::PASSWORD . '@');
    $this->rebuild();
    $proxy = $this->container->get(Proxy::class);
    $this->assertTrue($proxy->isOverridden());
    $this->assertSame($this->proxy('ann@'), $proxy->address());
    $this->assertSame('in settings.php', $proxy->passwordState());
    $this->assertNull($proxy->problem());
    $this->assertFalse($proxy->isExposed());
    $this->assertSent(self::AUTHORIZATION);
    $this->assertNowhere();
    $this->assertNull($this->container->get('state')->get('logystera.proxy'));
    $this->container->get('cron')->run();
    $this->assertSame('', $this->config('logystera.settings')->getOriginal('proxy', FALSE), 'what is stored stays as it was');
  }

  /**
   * A user without a password has to say so.
   */
  public function testUserWithoutPassword(): void {
    $this->startGateway();
    $this->save($this->proxy('ann:@'));
    $this->assertNull($this->container->get(Proxy::class)->problem());
    $this->assertSent('Basic ' . base64_encode('ann:'));
    $this->save($this->proxy(''));
    $this->assertSent(NULL);
  }

  /**
   * A password that is not there, or for another proxy, is told, not replaced.
   *
   * Nothing is sent then: some proxies close an account after a few attempts.
   */
  public function testMissingPasswordIsToldAndNothingIsSent(): void {
    $this->startGateway();
    $this->save($this->proxy('ann@'));
    $this->assertUnusable("The password of the proxy {$this->proxy('ann@')} is not stored on this site");
    $this->assertUnusable("enter {$this->proxy('ann:@')} there if the user has no password");

    // As after the import of another site's configuration, or of somebody's who
    // would like to have the password.
    $this->container->get(Proxy::class)->setPassword('http://ann@proxy.example.org:3128', self::PASSWORD);
    $this->assertUnusable('belongs to the proxy http://ann@proxy.example.org:3128 and is not sent to');
    $sealed = $this->container->get('state')->get('logystera.proxy');
    $this->container->get('state')->set('logystera.proxy', ['address' => $this->proxy('ann@')] + $sealed);
    $this->assertUnusable('cannot be decrypted');
    foreach (['rubbish', ['address' => $this->proxy('ann@')], ['sealed' => 'x'], []] as $rubbish) {
      $this->container->get('state')->set('logystera.proxy', $rubbish);
      $this->assertUnusable('Enter');
    }

    $this->container->get(Proxy::class)->setPassword($this->proxy('ann@'), self::PASSWORD);
    $this->assertSent(self::AUTHORIZATION);
    $this->setSetting('hash_salt', 'another salt');
    $this->assertSame($this->proxy('ann@'), $this->container->get(Proxy::class)->address());
    $this->assertStringContainsString('the hash salt in settings.php changed', (string) $this->container->get(Proxy::class)->problem());
  }

  /**
   * An address that libcurl would quote in its error is not quoted.
   */
  public function testUnusableAddressIsNotQuoted(): void {
    $unusable = [
      'http://ann:planted-hush@127.0.0.1:99999',
      'http://ann:planted-hush@no such',
      'foo://ann:planted-hush@127.0.0.1',
      'ann:planted-hush@127.0.0.1',
      'http://ann:planted-hush@no-such.invalid',
    ];
    foreach ($unusable as $url) {
      $this->save($url);
      $this->assertNotEmpty($this->container->get(Dispatch::class)->flush()['error'] ?? NULL);
      $this->assertNotEmpty($this->container->get(Dispatch::class)->ping()['error']);
      $this->assertNowhere();
    }
  }

  /**
   * An import has it moved, here and in core's copy of what was imported.
   */
  public function testImportedPasswordIsMoved(): void {
    $this->copyConfig($this->container->get('config.storage'), $this->container->get('config.storage.sync'));
    $sync = $this->container->get('config.storage.sync');
    $settings = $sync->read('logystera.settings');
    $sync->write('logystera.settings', ['proxy' => 'http://ann:planted-hush@proxy.example.org:3128'] + $settings);
    $this->configImporter()->import();
    $this->assertSame('http://ann@proxy.example.org:3128', $this->config('logystera.settings')->get('proxy'));
    $this->assertSame('stored', $this->container->get(Proxy::class)->passwordState());
    $this->assertNull($this->container->get(Proxy::class)->problem());
    $this->assertNowhere();
    $this->assertStringContainsString('Take it out of exported files', $this->log());
  }

  /**
   * What an earlier version stored is moved by the update, and it says so.
   */
  public function testUpdateMovesThePassword(): void {
    $storage = $this->container->get('config.storage');
    $with_password = ['proxy' => 'http://ann:planted-hush@proxy.example.org'] + $storage->read('logystera.settings');
    $storage->write('logystera.settings', $with_password);
    $this->container->get('config.storage.snapshot')->write('logystera.settings', $with_password);
    $this->container->get('config.factory')->reset();
    $this->assertSame('The password is in the configuration', (string) ($this->proxyFinding()['value'] ?? ''));
    $this->assertSame('in the configuration', $this->container->get(Proxy::class)->passwordState());
    $exported = $this->container->get('config.storage.export')->read('logystera.settings');
    $this->assertSame('http://ann@proxy.example.org', $exported['proxy'] ?? NULL, 'no export has it, even now');

    $this->assertStringContainsString('was moved out of the configuration', $this->update());
    $this->assertSame('http://ann@proxy.example.org', $this->config('logystera.settings')->get('proxy'));
    $this->assertSame('http://ann:planted-hush@proxy.example.org', $this->container->get(Proxy::class)->url());
    $this->assertNull($this->proxyFinding());
    $this->assertNowhere();
    $this->assertSame('', $this->update(), 'and once is enough');

    $this->container->get('config.storage.sync')->write('logystera.settings', $with_password);
    $this->assertStringContainsString('synchronization directory still contains it', $this->update());
    $this->save('http://bob@proxy.example.org');
    $this->assertStringContainsString('The proxy address is now http://bob:@proxy.example.org', $this->update());
    $this->assertNull($this->container->get(Proxy::class)->problem());
  }

  /**
   * Cron moves what a PHP without the extension had to leave.
   */
  public function testCronMovesWhatWasLeft(): void {
    $storage = $this->container->get('config.storage');
    $storage->write('logystera.settings', ['proxy' => 'http://ann:planted-hush@127.0.0.1:9'] + $storage->read('logystera.settings'));
    $this->container->get('config.factory')->reset();
    $this->container->get('cron')->run();
    $this->assertSame('http://ann@127.0.0.1:9', $this->config('logystera.settings')->get('proxy'));
    $this->assertSame('stored', $this->container->get(Proxy::class)->passwordState());
    $this->assertNowhere();
  }

  /**
   * Saves the setting as Drush or a recipe does.
   */
  private function save(string $proxy): void {
    $this->config('logystera.settings')->set('proxy', $proxy)->save();
  }

  /**
   * The address of the server that plays the proxy, with a user before it.
   */
  private function proxy(string $user): string {
    return str_replace('//', "//$user", $this->address);
  }

  /**
   * Asserts that sending goes through the proxy, and what the proxy is told.
   */
  private function assertSent(?string $authorization): void {
    $dispatch = $this->container->get(Dispatch::class);
    User::create(['name' => $this->randomMachineName()])->save();
    $dispatch->resume();
    $this->assertNotEmpty($dispatch->flush()['error'] ?? NULL, 'a proxy cannot acknowledge anything');
    $this->assertSame(['POST', 'http://127.0.0.1:9/v1/ingest'], array_slice($this->received(), 0, 2));
    $this->assertSame($authorization, $this->received()[3]);
    $dispatch->ping();
    $this->assertSame('http://127.0.0.1:9/v1/ping', $this->received()[1]);
    $this->assertSame($authorization, $this->received()[3]);
    $this->assertNotNull($dispatch->state());
    unlink("$this->privateDirectory/received");
  }

  /**
   * Asserts that nothing is sent, and everything says why.
   */
  private function assertUnusable(string $words): void {
    $dispatch = $this->container->get(Dispatch::class);
    $result = $dispatch->flush();
    $this->assertSame('unavailable', $result['status'] ?? NULL);
    $this->assertStringContainsString($words, $result['error']);
    $this->assertStringContainsString($words, (string) $dispatch->ping()['error']);
    $this->assertStringContainsString($words, $this->container->get(Verification::class)->run()['gateway']['detail']);
    $finding = $this->proxyFinding() ?? [];
    $this->assertSame('The proxy cannot be used', (string) ($finding['value'] ?? ''));
    $this->assertStringContainsString($words, $finding['description']['#plain_text'] ?? '');
    $this->assertFileDoesNotExist("$this->privateDirectory/received");
    $this->assertNotNull($dispatch->history(), 'what was sent before can be looked at');
    $this->assertNowhere();
  }

  /**
   * Asserts that the password is in nothing that is stored, shown or compiled.
   */
  private function assertNowhere(): void {
    $export = new MemoryStorage();
    self::replaceStorageContents($this->container->get('config.storage.export'), $export);
    $reports = [
      'export' => array_map($export->read(...), $export->listAll()),
      'configuration' => $this->container->get('config.storage')->read('logystera.settings'),
      'snapshot' => $this->container->get('config.storage.snapshot')->read('logystera.settings'),
      'state' => $this->container->get('state')->get('logystera.proxy'),
      'container' => (new OptimizedPhpArrayDumper($this->container))->getArray(),
      'diagnostics' => $this->container->get(Diagnostics::class)->text(),
      'verification' => $this->container->get(Verification::class)->run(),
      'status report' => print_r($this->container->get(AdminHooks::class)->runtimeRequirements(), TRUE),
      'log' => $this->log(),
      'history' => $this->container->get(Dispatch::class)->history(),
      'dispatcher' => print_r($this->container->get(Dispatch::class)->state(), TRUE),
    ];
    foreach (new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator($this->privateDirectory, \FilesystemIterator::SKIP_DOTS)) as $file) {
      assert($file instanceof \SplFileInfo);
      if ($file->getFilename() !== 'received') {
        $reports[$file->getFilename()] = file_get_contents($file->getPathname());
      }
    }
    foreach ($reports as $name => $report) {
      $this->assertStringNotContainsString('planted', serialize($report), $name);
    }
    ob_start();
    var_dump($this->container->get(Proxy::class)->passwordState(), ProxyUrl::class);
    try {
      var_dump($this->container->get(Proxy::class)->options());
    }
    catch (\RuntimeException $error) {
      var_dump($error->getMessage(), $error->getTraceAsString());
    }
    $this->assertStringNotContainsString('planted', (string) ob_get_clean(), 'what the dispatcher is given');
  }

  /**
   * Everything in the log.
   */
  private function log(): string {
    $rows = $this->container->get('database')->select('watchdog', 'w')->fields('w', ['message', 'variables'])->execute()?->fetchAll();
    return serialize($rows);
  }

  /**
   * What the status report says about the proxy.
   */
  private function proxyFinding(): ?array {
    return $this->container->get(AdminHooks::class)->runtimeRequirements()['logystera_proxy'] ?? NULL;
  }

  /**
   * Runs the update that moves the password.
   */
  private function update(): string {
    $this->container->get('module_handler')->loadInclude('logystera', 'php', 'logystera.post_update');
    return (string) logystera_post_update_seal_proxy_password();
  }

}
