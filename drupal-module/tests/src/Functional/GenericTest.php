<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Functional;

use Drupal\Tests\system\Functional\Module\GenericModuleTestBase;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * What core asks of every module: a help page, installing and uninstalling.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class GenericTest extends GenericModuleTestBase {}
