<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\logystera\Agent\BufferDirectory;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Proxy;
use Drupal\logystera\Signal\AvailableUpdates;
use Drupal\logystera\Signal\CodeIntegrity;
use Drupal\logystera\Signal\Router;
use Logystera\Agent\Buffer;
use Logystera\Agent\Credentials;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * Installing, uninstalling and installing again.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class InstallTest extends LogysteraKernelTestBase {

  /**
   * Removal is the last thing recorded, and leaves nothing but the buffer.
   */
  public function testUninstallingLeavesNothingBehind(): void {
    $state = $this->container->get('state');
    $this->container->get(Connection::class)->connect(new Credentials('http://127.0.0.1:9', 'ent_' . str_repeat('a', 22), str_repeat('secret', 8)));
    $this->container->get(Proxy::class)->setPassword('http://ann@proxy.example.org', 'planted');
    $state->set(Router::ERRORS, ['user.created' => ['count' => 1, 'class' => 'Error', 'place' => 'somewhere']]);
    $state->set(AvailableUpdates::TOLD, ['drupal' => '1 2']);
    $this->container->get('keyvalue')->get(CodeIntegrity::COLLECTION)->set('core/lib', ['version' => '', 'files' => []]);
    $this->emptyBuffer();
    $directory = (string) $this->container->get(BufferDirectory::class)->path();

    $this->uninstall();
    $types = array_column((new Buffer($directory))->events([], 0, 10)['events'], 'event_type');
    $this->assertSame(['agent.changed', 'module.uninstall'], array_slice(array_reverse($types), -2));
    $this->assertSame([], $this->container->get('config.storage')->listAll('logystera.'));
    foreach (['logystera.credentials', 'logystera.identity', 'logystera.proxy', Router::ERRORS, AvailableUpdates::TOLD] as $key) {
      $this->assertNull($this->container->get('state')->get($key), $key);
    }
    $this->assertSame([], $this->container->get('keyvalue')->get(CodeIntegrity::COLLECTION)->getAll());
    $this->assertSame([], array_filter($this->container->getServiceIds(), static fn(string $id): bool => str_starts_with($id, 'Drupal\logystera')));

    $this->install();
    $this->assertFalse($this->container->get(Connection::class)->isConnected());
    $this->assertSame('cron', $this->config('logystera.settings')->get('dispatch_mode'));
    $this->assertContains('logystera', $this->recordedLabels('module.install', 'module'));

    // Where no buffer can be had it can be removed and installed all the same.
    $this->removeSetting('file_private_path');
    $this->uninstall();
    $this->install();
    $this->assertTrue($this->container->get('module_handler')->moduleExists('logystera'));
  }

  /**
   * Installs the module.
   */
  private function install(): void {
    $this->assertTrue($this->container->get('module_installer')->install(['logystera']));
    $this->useContainer(\Drupal::getContainer());
  }

  /**
   * Uninstalls the module.
   */
  private function uninstall(): void {
    $this->assertTrue($this->container->get('module_installer')->uninstall(['logystera']));
    $this->useContainer(\Drupal::getContainer());
  }

}
