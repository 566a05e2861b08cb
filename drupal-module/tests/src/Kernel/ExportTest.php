<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\logystera\Agent\BufferDirectory;
use Drupal\logystera\Agent\BufferView;
use Drupal\logystera\Controller\EventsController;
use Drupal\user\Entity\User;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;
use Symfony\Component\HttpFoundation\Request;

/**
 * An export of a buffer that others write to.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class ExportTest extends LogysteraKernelTestBase {

  /**
   * Each event is exported once, and those of a moment later are not.
   */
  public function testAnExportHoldsEachEventOnce(): void {
    $this->emptyBuffer();
    User::create(['name' => 'somebody'])->save();
    $event = $this->recorded('user.created')[0];
    $file = $this->container->get(BufferDirectory::class)->path() . '/buffer-current.jsonl';
    $add = static function (int $from, int $count, int $at) use ($event, $file): void {
      $lines = '';
      for ($i = $from; $i < $from + $count; $i++) {
        $other = ['created_at' => $at, 'timestamp' => $at, 'event_id' => sprintf('%08x-0000-4000-8000-000000000000', $i)];
        $lines .= json_encode(array_replace($event, $other), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE) . "\n";
      }
      file_put_contents($file, $lines, FILE_APPEND);
    };
    $before = time() - 60;
    $add(1, BufferView::PAGE_MAX + 99, $before);

    $exported = '';
    // In the middle of the first page others commit: what they recorded just
    // before, and what they record from now on.
    $done = FALSE;
    ob_start(static function (string $text) use (&$exported, &$done, $add, $before): string {
      $exported .= $text;
      if (!$done && $text !== '') {
        $done = TRUE;
        $add(5000, 20, $before);
        $add(6000, 20, time() + 60);
      }
      return '';
    }, 1);
    EventsController::create($this->container)->export(Request::create('/', 'GET', ['type' => 'user.created']), 'json')->sendContent();
    ob_end_clean();
    $ids = array_column(json_decode($exported, TRUE, 512, JSON_THROW_ON_ERROR), 'event_id');
    $this->assertCount(BufferView::PAGE_MAX + 100, $ids);
    $this->assertSame($ids, array_values(array_unique($ids)));
  }

}
