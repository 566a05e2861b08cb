<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\BufferDirectory;
use Drupal\logystera\Agent\BufferView;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Agent\Dispatch;
use Drupal\user\Entity\User;
use Logystera\Agent\Credentials;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * What was sent stays readable, as far as the settings say.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class SentSignalsTest extends LogysteraKernelTestBase {

  /**
   * What was sent is found where it is asked for, and marked.
   */
  public function testSentSignalsAreMarked(): void {
    $this->emptyBuffer();
    User::create(['name' => 'first'])->save();
    $this->markAllSent();
    User::create(['name' => 'second'])->save();
    $view = $this->container->get(BufferView::class);
    $only = ['type' => ['user.created']];
    $this->assertSame([1, [FALSE]], $this->totalAndSent($view->events($only)));
    $this->assertSame([1, [TRUE]], $this->totalAndSent($view->events($only + ['delivery' => 'sent'])));
    $this->assertSame([2, [FALSE, TRUE]], $this->totalAndSent($view->events($only + ['delivery' => 'any'])));
    $sent = $view->events($only + ['delivery' => 'sent'])['events'][0];
    $this->assertSame($sent, $view->event($sent['event_id']));
  }

  /**
   * What was sent stays readable when the group may no longer write.
   */
  public function testSentSignalsFollowTheSharing(): void {
    $this->emptyBuffer();
    User::create(['name' => 'first'])->save();
    $this->markAllSent();
    $directory = (string) $this->container->get(BufferDirectory::class)->path();
    $sent = glob("$directory/sent/*") ?: [];
    $this->assertCount(1, $sent);
    foreach (['group' => [02770, 0660], 'user' => [0700, 0600]] as $share => $modes) {
      $this->config('logystera.settings')->set('buffer_share', $share)->save();
      $this->rebuild();
      $this->assertNull($this->container->get(AgentInterface::class)->problem());
      clearstatcache();
      $this->assertSame($modes, [fileperms("$directory/sent") & 07777, fileperms($sent[0]) & 07777]);
    }
    $page = $this->container->get(BufferView::class)->events(['type' => ['user.created'], 'delivery' => 'sent']);
    $this->assertSame([1, [TRUE]], $this->totalAndSent($page));
  }

  /**
   * Zero in the settings deletes what stayed, even while sending waits.
   */
  public function testTheSettingSwitchesItOff(): void {
    $this->container->get(Connection::class)->connect(new Credentials('http://127.0.0.1:9', 'ent_' . str_repeat('a', 22), str_repeat('secret', 8)));
    $this->emptyBuffer();
    User::create(['name' => 'somebody'])->save();
    $this->markAllSent();
    User::create(['name' => 'waiting'])->save();
    foreach ([5 => 1, 0 => 0] as $mib => $files) {
      $this->config('logystera.settings')->set('sent_mib', $mib)->save();
      $this->rebuild();
      $result = $this->container->get(Dispatch::class)->flush();
      $this->assertSame(['backoff', 0], [$result['status'] ?? NULL, $result['sent'] ?? NULL]);
      $this->assertCount($files, glob($this->container->get(BufferDirectory::class)->path() . '/sent/*') ?: []);
    }
  }

  /**
   * Sites that were set up before get what new ones have.
   */
  public function testAnUpdateSetsTheSize(): void {
    $this->container->get('module_handler')->loadAllIncludes('post_update.php');
    $this->config('logystera.settings')->set('sent_mib', 0)->save();
    $this->assertNull(logystera_post_update_sent_signals_stay());
    $this->assertSame(0, $this->config('logystera.settings')->get('sent_mib'));
    $this->config('logystera.settings')->clear('sent_mib')->save();
    $this->assertStringContainsString('5 MiB', (string) logystera_post_update_sent_signals_stay());
    $this->assertSame(5, $this->config('logystera.settings')->get('sent_mib'));
  }

  /**
   * How many there are, and which of them were sent.
   */
  private function totalAndSent(array $page): array {
    return [$page['total'], $page['sent']];
  }

}
