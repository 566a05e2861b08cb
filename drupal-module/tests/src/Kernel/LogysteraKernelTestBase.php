<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\Core\DependencyInjection\ContainerBuilder;
use Drupal\Core\DrupalKernelInterface;
use Drupal\Core\Site\Settings;
use Drupal\KernelTests\KernelTestBase;
use Drupal\Tests\logystera\Traits\RecordedSignalsTrait;

/**
 * A booted site with the module and a private directory that is really there.
 *
 * The extension takes no stream wrappers, so that the virtual file system of
 * Kernel tests will not do for its buffer.
 */
abstract class LogysteraKernelTestBase extends KernelTestBase {

  use RecordedSignalsTrait;

  /**
   * {@inheritdoc}
   */
  protected static $modules = ['system', 'user', 'logystera'];

  /**
   * The private directory of the site.
   */
  protected string $privateDirectory;

  /**
   * {@inheritdoc}
   */
  protected function setUp(): void {
    parent::setUp();
    $this->installEntitySchema('user');
    $this->installSchema('user', ['users_data']);
    $this->installConfig(['system', 'user', 'logystera']);
    $this->rebuild();
  }

  /**
   * {@inheritdoc}
   */
  protected function tearDown(): void {
    parent::tearDown();
    $this->removeDirectory($this->privateDirectory);
  }

  /**
   * {@inheritdoc}
   */
  protected function setUpFilesystem(): void {
    parent::setUpFilesystem();
    $this->privateDirectory = sys_get_temp_dir() . '/logystera-test-' . getmypid() . '-' . bin2hex(random_bytes(4));
    mkdir($this->privateDirectory, 0700);
    $this->setSetting('file_private_path', $this->privateDirectory);
  }

  /**
   * Compiles the container again, as the next request does after a change.
   */
  protected function rebuild(): void {
    $kernel = $this->container->get('kernel');
    assert($kernel instanceof DrupalKernelInterface);
    $this->useContainer($kernel->rebuildContainer());
  }

  /**
   * Goes on with a container that was compiled anew.
   */
  protected function useContainer(object $container): void {
    assert($container instanceof ContainerBuilder);
    $this->container = $container;
  }

  /**
   * Takes a setting away, as if settings.php did not have it.
   */
  protected function removeSetting(string $name): void {
    new Settings(array_diff_key(Settings::getAll(), [$name => TRUE]));
  }

  /**
   * Removes a directory with everything in it, whatever its modes are.
   */
  private function removeDirectory(string $directory): void {
    chmod($directory, 0700);
    foreach (new \FilesystemIterator($directory) as $entry) {
      assert($entry instanceof \SplFileInfo);
      if ($entry->isDir() && !$entry->isLink()) {
        $this->removeDirectory($entry->getPathname());
      }
      else {
        unlink($entry->getPathname());
      }
    }
    rmdir($directory);
  }

}
