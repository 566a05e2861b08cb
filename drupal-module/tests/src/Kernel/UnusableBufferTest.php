<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\Core\Site\Settings;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\BufferDirectory;
use Drupal\logystera\Agent\BufferView;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Hook\AdminHooks;
use Drupal\user\Entity\User;
use Logystera\Agent\Credentials;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * Where signals cannot be kept the site works and says what to do.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class UnusableBufferTest extends LogysteraKernelTestBase {

  /**
   * Without a private directory nothing is kept, never in a public one.
   */
  public function testNoPrivateDirectory(): void {
    $this->removeSetting('file_private_path');
    $this->assertNull($this->container->get(BufferDirectory::class)->path());
    $this->assertNull($this->container->get(BufferDirectory::class)->autoMark());
    $this->assertSiteWorksAndReports("set \$settings['file_private_path']");
  }

  /**
   * A path of its own in settings.php is used, private files or not.
   */
  public function testDirectoryOfItsOwn(): void {
    $this->removeSetting('file_private_path');
    $this->setSetting('logystera_buffer_path', "$this->privateDirectory/somewhere");
    User::create(['name' => 'somebody'])->save();
    $this->assertCount(1, $this->recorded('user.created'));
    $this->assertFileExists("$this->privateDirectory/somewhere/buffer-current.jsonl");
    // Pages can send from there too: when one did last is known beside it.
    $mark = (string) $this->container->get(BufferDirectory::class)->autoMark();
    $this->assertSame($this->privateDirectory, dirname($mark));
    $this->assertTrue(touch($mark));
    // Another installation's buffer may lie there as well.
    $this->setSetting('logystera_buffer_path', "$this->privateDirectory/elsewhere");
    $this->assertNotSame($mark, $this->container->get(BufferDirectory::class)->autoMark());
  }

  /**
   * There is no right to write where the buffer should be.
   */
  public function testDirectoryThatCannotBeWritten(): void {
    mkdir("$this->privateDirectory/locked", 0500);
    $this->setSetting('logystera_buffer_path', "$this->privateDirectory/locked/buffer");
    $this->assertSiteWorksAndReports("$this->privateDirectory/locked/buffer");
  }

  /**
   * A directory of this user with other modes gets those it should have.
   */
  public function testWrongModesOfAnOwnDirectoryAreMended(): void {
    foreach ([0500, 0777] as $mode) {
      $path = "$this->privateDirectory/buffer-$mode";
      mkdir($path);
      chmod($path, $mode);
      $this->setSetting('logystera_buffer_path', $path);
      $this->rebuild();
      User::create(['name' => "somebody $mode"])->save();
      $this->assertCount(1, $this->recorded('user.created'));
      clearstatcache();
      $this->assertSame(0700, fileperms($path) & 07777);
    }
  }

  /**
   * A parent that is not there is not made: it may be a disk not yet mounted.
   */
  public function testParentThatIsNotThere(): void {
    $this->setSetting('file_private_path', "$this->privateDirectory/not/there");
    $this->assertSiteWorksAndReports('create its parent');
    $this->assertDirectoryDoesNotExist("$this->privateDirectory/not");
  }

  /**
   * A file and a link are refused.
   */
  public function testWhatIsNoDirectoryOfOurs(): void {
    $file = "$this->privateDirectory/file";
    touch($file);
    $this->setSetting('logystera_buffer_path', $file);
    $this->assertSiteWorksAndReports($file);

    $target = "$this->privateDirectory/target";
    mkdir($target, 0700);
    $link = "$this->privateDirectory/link";
    symlink($target, $link);
    $this->setSetting('logystera_buffer_path', $link);
    $this->rebuild();
    $this->assertSiteWorksAndReports($link);
    $this->assertSame([], array_diff((array) scandir($target), ['.', '..']));
  }

  /**
   * A hash salt that changed locks the credentials, not the recording.
   */
  public function testChangedHashSalt(): void {
    $secret = str_repeat('s', 43);
    $this->container->get(Connection::class)->connect(new Credentials('https://gateway.example.org', 'ent_' . str_repeat('a', 22), $secret));
    $this->rebuild();
    $this->assertNull($this->container->get(AgentInterface::class)->problem());
    new Settings(['hash_salt' => 'another'] + Settings::getAll());
    $this->rebuild();
    User::create(['name' => 'somebody'])->save();
    $this->assertCount(1, $this->recorded('user.created'));
    $report = $this->container->get(AdminHooks::class)->runtimeRequirements()['logystera'];
    $this->assertStringContainsString('Connect the site again', $report['description']['#plain_text']);
  }

  /**
   * Things go on, nothing is kept, and the status report tells why.
   */
  private function assertSiteWorksAndReports(string $hint): void {
    $agent = $this->container->get(AgentInterface::class);
    $this->assertFalse($agent->wants('user.created'));
    $account = User::create(['name' => $this->randomMachineName()]);
    $account->save();
    $this->assertNotNull($account->id());
    $agent->commit();
    $this->container->get('cron')->run();
    $this->assertNull($this->container->get(Dispatch::class)->state());

    $this->assertStringContainsString($hint, (string) $agent->problem());
    $report = $this->container->get(AdminHooks::class)->runtimeRequirements()['logystera'];
    $severity = $report['severity'];
    $this->assertSame(2, is_int($severity) ? $severity : $severity->value, 'an error');
    $this->assertStringContainsString($hint, $report['description']['#plain_text']);
    try {
      $this->container->get(BufferView::class)->stats();
      $this->fail('A buffer that cannot be used has no statistics.');
    }
    catch (\RuntimeException $error) {
      $this->assertNotSame('', $error->getMessage());
    }
  }

}
