<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Unit;

use Drupal\logystera\Agent\AgentFactory;
use Drupal\Tests\UnitTestCase;
use PHPUnit\Framework\Attributes\Group;

/**
 * Which versions of the extension are used.
 *
 * @group logystera
 */
#[Group('logystera')]
final class ExtensionVersionTest extends UnitTestCase {

  /**
   * One with a hole that is known is not, and is called that.
   */
  public function testVersionWithKnownHoleIsRefusedAndNamed(): void {
    foreach (['0.0.9', '0.1.0', '0.1.0-rc1', '0.1.1-dev', '0.1.1-rc1', ''] as $version) {
      $problem = (string) AgentFactory::versionProblem($version);
      $this->assertStringContainsString("is version $version; this module needs 0.1.1 or newer", $problem);
      $this->assertStringContainsString('SECURITY: before 0.1.1', $problem);
      $this->assertStringContainsString('logystera.enabled=0', $problem);
    }
    foreach (['0.1.1', '0.1.2', '0.2.0', '1.0.0'] as $version) {
      $this->assertNull(AgentFactory::versionProblem($version));
    }
  }

}
