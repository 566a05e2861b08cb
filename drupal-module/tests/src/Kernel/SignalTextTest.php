<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\logystera\Signal\SignalText;
use Logystera\Agent\Recorder;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * Signals in words.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class SignalTextTest extends LogysteraKernelTestBase {

  /**
   * Every type of the catalogue has a name, and a sentence of its own labels.
   */
  public function testEverySignalHasANameAndASentence(): void {
    $text = $this->container->get(SignalText::class);
    $names = [];
    foreach (Recorder::signals() as $signal) {
      $type = $signal['type'];
      $this->assertSame($signal['name'], $text->name($type));
      $this->assertSame("$signal[name] ($type)", $text->nameAndType($type));
      $names[] = $signal['name'];
      $empty = $text->sentence(['event_type' => $type, 'labels' => []]);
      $this->assertDoesNotMatchRegularExpression('/[@{}]/', $empty, $type);
      $labels = [];
      foreach ($signal['labels'] as $label) {
        $labels[$label['name']] = match ($label['type']) {
          'integer', 'number' => 4711,
          'boolean' => TRUE,
          'list' => ['one', 'two'],
          'uid' => str_repeat('ab', 32),
          default => "value-of-$label[name]",
        };
      }
      $full = $text->sentence(['event_type' => $type, 'labels' => $labels]);
      $this->assertDoesNotMatchRegularExpression('/[@{}]/', $full, $type);
      $this->assertStringNotContainsString('–', $full, $type);
    }
    $this->assertCount(48, array_unique($names));
  }

  /**
   * Values are told as people would.
   */
  public function testValuesAreTold(): void {
    $hash = str_repeat('ab', 32);
    $this->assertSentence('A login as "ann" from 192.0.2.7 failed', 'auth.login_failed', [
      'username' => 'ann',
      'ip' => '192.0.2.7',
    ]);
    $this->assertSentence('account abababab logged out', 'auth.logout', ['uid' => $hash]);
    $this->assertSentence('All caches were rebuilt by an anonymous user', 'cache.flush', ['actor_uid' => '']);
    $this->assertSentence('All caches were rebuilt by an unknown account', 'cache.flush', ['actor_uid' => NULL]);
    foreach (['off by' => FALSE, 'on by' => TRUE, 'by' => NULL] as $how => $enabled) {
      $this->assertSentence("Maintenance mode was switched $how an anonymous user", 'maintenance.changed', [
        'enabled' => $enabled,
        'actor_uid' => '',
      ]);
    }
    $this->assertSentence('Cron ran for 120 ms and succeeded', 'cron.run', ['success' => TRUE, 'duration_ms' => 120]);
    $this->assertSentence('Cron failed after 120 ms', 'cron.run', ['success' => FALSE, 'duration_ms' => 120]);
    $update = ['project' => 'views', 'installed' => '1.0', 'recommended' => '1.1'];
    $this->assertSentence('views 1.1 is available, 1.0 is installed', 'update.available', $update + ['security' => FALSE]);
    $this->assertSentence('views 1.0 needs a security update: 1.1 is available', 'update.available', $update + ['security' => TRUE]);
    $this->assertSentence('The roles of account abababab were changed by an anonymous user: added editor, author, removed none', 'user.role_changed', [
      'uid' => $hash,
      'roles_added' => ['editor', 'author'],
      'roles_removed' => [],
      'actor_uid' => '',
    ]);
  }

  /**
   * One of something is told as one.
   */
  public function testNumbersAreTold(): void {
    $this->assertSentence('1 signal was dropped: full', 'agent.dropped', ['count' => 1, 'reason' => 'full']);
    $this->assertSentence('4711 signals were dropped: full', 'agent.dropped', ['count' => 4711, 'reason' => 'full']);
    $mail = ['module' => 'user', 'key' => 'register'];
    $this->assertSentence('user sent the message register to 1 recipient', 'email.sent', $mail + ['recipients' => 1]);
    $this->assertSentence('user sent the message register to 2 recipients', 'email.sent', $mail + ['recipients' => 2]);
    $this->assertSentence('The message register of user to 1 recipient was refused: no', 'email.failed', $mail + [
      'recipients' => 1,
      'message' => 'no',
    ]);
  }

  /**
   * What strangers typed stays text, short, and visible.
   */
  public function testHostileValuesStayText(): void {
    $this->assertSentence('A login as "<b>&lt;x&gt;</b> & \'y\'" from – failed', 'auth.login_failed', ['username' => "<b>&lt;x&gt;</b> & 'y'"]);
    $this->assertSentence("A login as \"a\u{FFFD}b\u{FFFD}c\u{FFFD}\" from – failed", 'auth.login_failed', ['username' => "a\nb\u{202E}c\u{200B}"]);
    $this->assertSentence('A login as "@ip" from 192.0.2.7 failed', 'auth.login_failed', ['username' => '@ip', 'ip' => '192.0.2.7']);
    $long = $this->container->get(SignalText::class)->sentence(['event_type' => 'auth.login_failed', 'labels' => ['username' => str_repeat('ü', 1000)]]);
    $this->assertLessThan(200, mb_strlen($long));
    $this->assertStringContainsString('…', $long);
  }

  /**
   * A signal nobody has a sentence for shows its labels.
   */
  public function testSignalsOfOtherModulesShowTheirLabels(): void {
    $this->assertSentence("name='bolts', size_bytes=16, tags=[\"a\"]", 'price_list.downloaded', [
      'name' => 'bolts',
      'size_bytes' => 16,
      'tags' => ['a'],
    ]);
    $this->assertSame('Price list downloaded', $this->container->get(SignalText::class)->name('price_list.downloaded'));
  }

  /**
   * What an event says.
   */
  private function assertSentence(string $expected, string $type, array $labels): void {
    $this->assertSame($expected, $this->container->get(SignalText::class)->sentence(['event_type' => $type, 'labels' => $labels]));
  }

}
