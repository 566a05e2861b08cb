<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\Core\Config\MemoryStorage;
use Drupal\Core\Config\StorageCopyTrait;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Diagnostics;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Hook\AdminHooks;
use Drupal\user\Entity\User;
use Logystera\Agent\Credentials;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * What a connected site keeps of its credentials, shows and reports.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class ConnectionTest extends LogysteraKernelTestBase {

  use StorageCopyTrait;

  private const TOKEN = 'ent_plantedplantedplanted';
  private const SECRET = 'planted-secret-planted-secret-planted-secret';

  /**
   * Neither exported configuration nor what is stored gives them away.
   */
  public function testCredentialsAreInNoExport(): void {
    $this->connect('https://planted-gateway.example.org');
    $export = new MemoryStorage();
    self::replaceStorageContents($this->container->get('config.storage.export'), $export);
    $this->assertContains('logystera.settings', $export->listAll());
    foreach ([self::SECRET, self::TOKEN, 'planted-gateway'] as $planted) {
      foreach ($export->listAll() as $name) {
        $this->assertStringNotContainsString($planted, serialize($export->read($name)), $name);
      }
      $stored = $this->container->get('state')->getMultiple(['logystera.credentials', 'logystera.identity']);
      $this->assertStringNotContainsString($planted, serialize($stored));
      $this->assertStringNotContainsString($planted, $this->container->get(Diagnostics::class)->text());
    }
    $this->assertSame(self::TOKEN, $this->container->get(Connection::class)->credentials()?->entityToken());
  }

  /**
   * Account hashes stay as they are when credentials are replaced.
   */
  public function testIdentityOutlivesItsCredentials(): void {
    $this->connect('https://one.example.org');
    $this->rebuild();
    $account = User::create(['name' => 'somebody']);
    $account->save();
    [$hash] = $this->recordedLabels('user.created', 'uid');
    $this->assertSame(hash_hmac('sha256', (string) $account->id(), self::SECRET), $hash);
    $connection = $this->container->get(Connection::class);
    $connection->connect(new Credentials('https://two.example.org', 'ent_' . str_repeat('b', 22), str_repeat('other', 9)));
    $this->rebuild();
    $account->delete();
    $this->assertSame([$hash], $this->recordedLabels('user.deleted', 'uid'));
    $connection = $this->container->get(Connection::class);
    $connection->disconnect();
    $this->assertFalse($connection->isConnected());
    $this->assertSame(['connected', 'credentials', 'disconnected'], $this->recordedLabels('agent.changed', 'change_type'));
  }

  /**
   * The status report follows the connection and how sending goes.
   */
  public function testStatusReportFollowsTheConnection(): void {
    $this->assertFinding('logystera', 1, 'Recording, not connected', 'connect the site to a gateway');
    $this->assertFinding('logystera_dispatch', 0, 'Nothing sent yet', 'Status tab');

    // Nobody listens there.
    $this->connect('http://127.0.0.1:9');
    $this->assertFinding('logystera', 0, 'Recording and connected', '');
    User::create(['name' => 'somebody'])->save();
    $result = $this->container->get(Dispatch::class)->flush();
    $this->assertNotNull($result);
    $this->assertSame(0, $result['sent']);
    $this->assertNotEmpty($result['error']);
    $this->assertFinding('logystera_dispatch', 1, '1 failure', 'Status tab');
    $this->assertCount(1, $this->recorded('user.created'), 'what could not be sent is still there');
    $this->assertCount(1, $this->container->get(Dispatch::class)->history());

    $this->container->get(Connection::class)->disconnect();
    $this->assertNull($this->container->get(Dispatch::class)->flush());
    $this->assertFinding('logystera', 1, 'Recording, not connected', 'connect the site to a gateway');
  }

  /**
   * Connects the site.
   */
  private function connect(string $url): void {
    $this->container->get(Connection::class)->connect(new Credentials($url, self::TOKEN, self::SECRET));
  }

  /**
   * What the status report says under a key.
   */
  private function assertFinding(string $key, int $severity, string $value, string $description): void {
    $finding = $this->container->get(AdminHooks::class)->runtimeRequirements()[$key];
    $this->assertSame($severity, is_int($finding['severity']) ? $finding['severity'] : $finding['severity']->value);
    $this->assertSame($value, (string) $finding['value']);
    $build = ['#theme' => 'item_list', '#items' => [$finding['description']]];
    $this->assertStringContainsString($description, (string) $this->container->get('renderer')->renderInIsolation($build));
  }

}
