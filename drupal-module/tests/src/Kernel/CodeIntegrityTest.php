<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\logystera\Signal\CodeIntegrity;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * What of the code is watched, and what does not end the watching.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class CodeIntegrityTest extends LogysteraKernelTestBase {

  /**
   * Code of an application root that consists of nothing else.
   */
  private const FILES = [
    'index.php',
    'update.php',
    'sites/default/settings.php',
    'core/install.php',
    'core/authorize.php',
    'core/core.services.yml',
    'core/config/schema/core.data_types.schema.yml',
    'core/recipes/standard/recipe.yml',
    'core/themes/engines/twig/twig.engine',
    'core/themes/engines/twig/twig.info.yml',
    'core/lib/Drupal.php',
    'core/modules/user/user.module',
    'core/modules/user/src/deep/User.php',
  ];

  /**
   * {@inheritdoc}
   */
  protected function setUp(): void {
    parent::setUp();
    $this->setSetting('logystera_integrity_seconds', 60);
    foreach (self::FILES as $file) {
      $this->write($file, 'as released');
    }
  }

  /**
   * Every file of core that a request can run, front controllers included.
   */
  public function testEachFileIsWatched(): void {
    $this->assertSame([], $this->changes());
    foreach (self::FILES as $file) {
      $this->write($file, 'altered');
      $this->assertSame(["modified $file"], $this->changes());
    }
    $this->write('core/shell.php', 'new');
    unlink($this->root() . '/core/authorize.php');
    $this->assertSame(['added core/shell.php', 'removed core/authorize.php'], $this->changes());
    $this->assertSame([], $this->changes());
  }

  /**
   * A baseline of a version that watched less tells nothing of the rest.
   */
  public function testWhatIsWatchedForTheFirstTimeIsNotTold(): void {
    $this->assertSame([], $this->changes());
    $store = $this->container->get('keyvalue')->get(CodeIntegrity::COLLECTION);
    $store->deleteMultiple(['core', 'core/config', 'core/recipes', 'core/themes/engines/twig']);
    $this->write('index.php', 'altered');
    $this->assertSame(['modified index.php'], $this->changes());
    $this->assertContains('core', array_keys($store->getAll()));
  }

  /**
   * Directories without the right to read keep nobody from the rest.
   */
  public function testUnreadableDirectoriesDoNotEndTheWatching(): void {
    $this->assertSame([], $this->changes());
    $this->write('core/modules/user/hidden/a.php', 'hidden');
    $hidden = $this->root() . '/core/modules/user/hidden';
    chmod($hidden, 0);
    if (is_readable($hidden)) {
      $this->markTestSkipped('The superuser reads everything.');
    }
    $this->write('core/modules/user/user.module', 'altered');
    $this->write('index.php', 'altered');
    $this->assertSame(['modified core/modules/user/user.module', 'modified index.php'], $this->changes());

    chmod($this->root() . '/core/lib', 0);
    chmod($this->root() . '/core/modules/user/src', 0400);
    $this->assertSame(['removed core/lib/Drupal.php', 'removed core/modules/user/src/deep/User.php'], $this->changes());
    chmod($hidden, 0700);
    $this->assertSame(['added core/modules/user/hidden/a.php'], $this->changes());
  }

  /**
   * A run that ends early is gone on with, not begun again.
   */
  public function testEachRunGoesOnWhereTheLastOneEnded(): void {
    $this->assertSame([], $this->changes());
    $this->write('core/install.php', 'altered');
    $this->write('core/lib/Drupal.php', 'altered');
    $this->write('index.php', 'altered');
    $watch = $this->watch();
    foreach ($watch->changes() as $first) {
      $this->assertSame('core/install.php', $first['path']);
      break;
    }
    // Whoever listens has failed.
    unset($watch);
    $this->assertNotSame('core', $this->container->get('keyvalue')->get(CodeIntegrity::COLLECTION)->get('.next'));
    $this->assertContains('modified index.php', $this->changes());
  }

  /**
   * What there is to tell, in words.
   *
   * @return list<string>
   *   Kind and path of each change, in order.
   */
  private function changes(): array {
    clearstatcache();
    $changes = array_map(static fn(array $change): string => "$change[change_type] $change[path]", iterator_to_array($this->watch()->changes(), FALSE));
    sort($changes);
    return $changes;
  }

  /**
   * The service, with another root.
   */
  private function watch(): CodeIntegrity {
    return new CodeIntegrity(
      $this->root(),
      'sites/default',
      $this->container->get('keyvalue'),
      $this->container->get('extension.list.module'),
      $this->container->get('extension.list.theme'),
    );
  }

  /**
   * The root of the application.
   */
  private function root(): string {
    return "$this->privateDirectory/root";
  }

  /**
   * Writes a file of the application.
   */
  private function write(string $file, string $text): void {
    $path = $this->root() . "/$file";
    if (!is_dir(dirname($path))) {
      mkdir(dirname($path), 0700, TRUE);
    }
    $this->assertSame(strlen($text), file_put_contents($path, $text));
  }

}
