<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\KernelTests\KernelTestBase;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\Diagnostics;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Hook\AdminHooks;
use Drupal\user\Entity\User;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * The module in a PHP without the extension; run in such a PHP only.
 *
 * @group extension_missing
 * @group unusual_extension
 */
#[Group('extension_missing')]
#[Group('unusual_extension')]
#[RunTestsInSeparateProcesses]
final class ExtensionMissingTest extends KernelTestBase {

  /**
   * {@inheritdoc}
   */
  protected static $modules = ['system', 'user', 'logystera'];

  /**
   * Everything goes on; the status report says what to install.
   */
  public function testSiteWorksAndSaysWhatToInstall(): void {
    $this->assertFalse(extension_loaded('logystera'), 'this PHP has the extension');
    $this->installEntitySchema('user');
    $this->installSchema('user', ['users_data']);
    $this->installConfig(['system', 'logystera']);
    $account = User::create(['name' => 'somebody']);
    $account->save();
    $this->assertNotNull($account->id());
    $agent = $this->container->get(AgentInterface::class);
    $this->assertFalse($agent->wants('user.created'));
    $this->assertNull($this->container->get(Dispatch::class)->state());
    $this->assertNull($this->container->get(Dispatch::class)->flush());
    $finding = $this->container->get(AdminHooks::class)->runtimeRequirements()['logystera'];
    $this->assertSame('Not recording correctly', (string) $finding['value']);
    $this->assertStringContainsString('add extension=logystera to php.ini', $finding['description']['#plain_text']);
    $this->assertStringContainsString('extension: not loaded', $this->container->get(Diagnostics::class)->text());

    // The connection of a site that had the extension before is still there.
    $this->container->get('state')->set('logystera.credentials', 'sealed');
    $this->container->get('state')->set('logystera.identity', 'sealed');
    $this->assertSame('unavailable', $this->container->get(Dispatch::class)->flush()['status'] ?? NULL);
    $this->container->get('cron')->run();

    // Nothing here can seal a password: it stays usable, is told, and is in no
    // export.
    $this->config('logystera.settings')->set('proxy', 'http://ann:planted-hush@proxy.example.org')->save();
    $this->container->get('cron')->run();
    $findings = $this->container->get(AdminHooks::class)->runtimeRequirements();
    $this->assertSame('The password is in the configuration', (string) $findings['logystera_proxy']['value']);
    $this->assertStringNotContainsString('planted', print_r($findings, TRUE));
    $this->assertStringNotContainsString('planted', $this->container->get(Diagnostics::class)->text());
    $exported = $this->container->get('config.storage.export')->read('logystera.settings');
    $this->assertSame('http://ann@proxy.example.org', $exported['proxy'] ?? NULL);
    $this->assertSame('http://ann:planted-hush@proxy.example.org', $this->config('logystera.settings')->get('proxy'));
    $this->container->get('module_handler')->loadInclude('logystera', 'php', 'logystera.post_update');
    $this->assertStringContainsString('the extension is missing', (string) logystera_post_update_seal_proxy_password());

    $this->assertTrue($this->container->get('module_installer')->uninstall(['logystera']));
    $this->assertNull(\Drupal::state()->get('logystera.credentials'));
    $this->assertTrue(\Drupal::service('module_installer')->install(['logystera']));
  }

}
