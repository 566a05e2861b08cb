<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\logystera\Agent\AgentFactory;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\user\Entity\User;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * An extension newer than the module knows; run with such a one only.
 *
 * @group extension_newer
 * @group unusual_extension
 */
#[Group('extension_newer')]
#[Group('unusual_extension')]
#[RunTestsInSeparateProcesses]
final class ExtensionNewerTest extends LogysteraKernelTestBase {

  /**
   * It is used.
   */
  public function testItIsUsed(): void {
    $this->assertTrue(version_compare((string) phpversion('logystera'), AgentFactory::MINIMUM_EXTENSION, '>'), 'this extension is not newer');
    $this->assertNull($this->container->get(AgentInterface::class)->problem());
    User::create(['name' => 'somebody'])->save();
    $this->assertCount(1, $this->recorded('user.created'));
  }

}
