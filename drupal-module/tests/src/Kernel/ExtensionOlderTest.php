<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\logystera\Agent\AgentFactory;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Hook\AdminHooks;
use Drupal\user\Entity\User;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * An extension older than the module can use; run with such a one only.
 *
 * @group extension_older
 * @group unusual_extension
 */
#[Group('extension_older')]
#[Group('unusual_extension')]
#[RunTestsInSeparateProcesses]
final class ExtensionOlderTest extends LogysteraKernelTestBase {

  /**
   * It is left alone, and the status report asks for a newer one.
   */
  public function testSiteWorksAndAsksForNewerOne(): void {
    $this->assertTrue(version_compare((string) phpversion('logystera'), AgentFactory::MINIMUM_EXTENSION, '<'), 'this extension is not older');
    $account = User::create(['name' => 'somebody']);
    $account->save();
    $this->assertNotNull($account->id());
    $this->assertFalse($this->container->get(AgentInterface::class)->wants('user.created'));
    $this->assertNull($this->container->get(Dispatch::class)->state());
    $this->container->get('cron')->run();
    $finding = $this->container->get(AdminHooks::class)->runtimeRequirements()['logystera'];
    $this->assertStringContainsString('this module needs ' . AgentFactory::MINIMUM_EXTENSION . ' or newer', $finding['description']['#plain_text']);
    $this->assertStringContainsString('SECURITY', $finding['description']['#plain_text']);
    $this->assertDirectoryDoesNotExist("$this->privateDirectory/logystera");
  }

}
