<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\logystera\Agent\AgentFactory;
use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Agent\BufferDirectory;
use Drupal\logystera\Agent\Connection;
use Drupal\logystera\Signal\Catalogue;
use Drupal\user\Entity\User;
use Logystera\Agent\Recorder;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * What is stored as configuration, and what it switches.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class SettingsTest extends LogysteraKernelTestBase {

  /**
   * Installed are the toggles and defaults of the catalogue, no more, no less.
   */
  public function testDefaultsAreThoseOfTheCatalogue(): void {
    $expected = [];
    foreach (Recorder::signals() as $signal) {
      if ($signal['config_key']) {
        $expected[$signal['config_key']] = $signal['default'];
      }
    }
    $settings = $this->config('logystera.settings');
    $installed = [];
    foreach (['signals', 'advanced_signals'] as $group) {
      foreach ($settings->get($group) as $key => $on) {
        $installed["$group.$key"] = $on;
      }
    }
    ksort($expected);
    ksort($installed);
    $this->assertSame($expected, $installed);
  }

  /**
   * The schema holds the installed values and refuses those out of range.
   */
  public function testSchemaRefusesWhatMakesNoSense(): void {
    $data = $this->config('logystera.settings')->getRawData();
    $this->assertSame([], $this->violations($data));
    $wrong = [
      'batch_size' => [0, 9, 501, -1],
      'dispatch_mode' => ['', 'sometimes'],
      'buffer_share' => ['', 'world'],
      'sent_mib' => [-1, 6],
      'proxy' => [
        'http://ann:hush@proxy.example.org:3128',
        'http://:hush@proxy.example.org',
        'ann:hush@proxy.example.org',
        "socks5h://ann:hu/s@h\n@proxy.example.org",
      ],
    ];
    foreach ($wrong as $key => $values) {
      foreach ($values as $value) {
        $this->assertSame([$key], $this->violations([$key => $value] + $data), "$key: " . var_export($value, TRUE));
      }
    }
    $right = [
      'batch_size' => [10, 500],
      'dispatch_mode' => ['cron', 'auto'],
      'buffer_share' => ['user', 'group'],
      'sent_mib' => [0, 5],
      'proxy' => [
        '',
        'http://proxy.example.org:3128',
        'http://ann@proxy.example.org:3128',
        'http://ann:@proxy.example.org:3128',
        'socks5h://ann@[2001:db8::1]:1080',
      ],
    ];
    foreach ($right as $key => $values) {
      foreach ($values as $value) {
        $this->assertSame([], $this->violations([$key => $value] + $data), "$key: " . var_export($value, TRUE));
      }
    }
  }

  /**
   * Every toggle switches its own signals and no other.
   */
  public function testEachToggleSwitchesItsOwnSignals(): void {
    $keys = [];
    $settings = $this->config('logystera.settings')->getRawData();
    unset($settings['_core']);
    foreach (Recorder::signals() as $signal) {
      // One without a key tells what was dropped; nobody can record it.
      if ($signal['config_key']) {
        $keys[$signal['type']] = $signal['config_key'];
        $settings = $this->switched($settings, $signal['config_key'], TRUE);
      }
    }
    $agent = $this->agent($settings);
    $this->assertSame(array_keys($keys), array_values(array_filter(array_keys($keys), $agent->wants(...))));
    foreach (array_unique($keys) as $off) {
      $agent = $this->agent($this->switched($settings, $off, FALSE));
      foreach ($keys as $type => $key) {
        $this->assertSame($key !== $off, $agent->wants($type), "$type with $off switched off");
      }
    }
  }

  /**
   * A toggle is obeyed from the request after it was saved.
   */
  public function testSavedToggleIsObeyed(): void {
    User::create(['name' => 'first'])->save();
    $this->assertCount(1, $this->recorded('user.created'));
    $this->config('logystera.settings')->set('signals.user_created', FALSE)->save();
    $this->rebuild();
    User::create(['name' => 'second'])->save();
    $this->assertCount(1, $this->recorded('user.created'));
    $this->config('logystera.settings')->set('signals.user_created', TRUE)->save();
    $this->rebuild();
    User::create(['name' => 'third'])->save();
    $this->assertCount(2, $this->recorded('user.created'));
  }

  /**
   * An override in settings.php wins over what is stored.
   */
  public function testOverrideInSettingsPhpWins(): void {
    $GLOBALS['config']['logystera.settings']['signals']['user_created'] = FALSE;
    $this->rebuild();
    $this->assertFalse($this->container->get(AgentInterface::class)->wants('user.created'));
    $this->assertTrue($this->container->get(AgentInterface::class)->wants('user.deleted'));
  }

  /**
   * Settings stored by an earlier version lack keys: defaults take their place.
   *
   * That is why a new signal needs no update hook.
   */
  public function testSettingsOfAnEarlierVersionAreEnough(): void {
    $this->config('logystera.settings')->setData([
      'signals' => ['auth_login' => FALSE],
      'dispatch_mode' => 'cron',
    ])->save();
    $this->rebuild();
    $agent = $this->container->get(AgentInterface::class);
    $this->assertNull($agent->problem());
    $this->assertFalse($agent->wants('auth.login'));
    $this->assertTrue($agent->wants('user.created'));
    $this->assertFalse($agent->wants('views.change'), 'an advanced signal stays off');
    User::create(['name' => 'somebody'])->save();
    $this->assertCount(1, $this->recorded('user.created'));
    // Nothing is left for update.php on a site that has just installed.
    $this->container->get('module_handler')->loadAllIncludes('install');
    $this->container->get('module_handler')->loadAllIncludes('post_update.php');
    $schema = $this->container->get('update.update_hook_registry')->getAvailableUpdates('logystera');
    $this->assertSame([], $schema);
  }

  /**
   * The settings do not say what is recorded of changes to themselves.
   */
  public function testItsOwnSettingsAreNoConfigurationChange(): void {
    $this->emptyBuffer();
    $this->config('logystera.settings')->set('batch_size', 50)->save();
    $this->assertNotContains('logystera.settings', $this->recordedLabels('config.save', 'config_name'));
    $this->config('system.site')->set('slogan', 'changed')->save();
    $this->assertContains('system.site', $this->recordedLabels('config.save', 'config_name'));
  }

  /**
   * Keys of the settings that do not validate.
   */
  private function violations(array $data): array {
    $keys = [];
    foreach ($this->container->get('config.typed')->createFromNameAndData('logystera.settings', $data)->validate() as $violation) {
      $keys[] = $violation->getPropertyPath();
    }
    return $keys;
  }

  /**
   * The agent under these settings.
   */
  private function agent(array $settings): AgentInterface {
    $factory = new AgentFactory(
      $this->container->get(BufferDirectory::class),
      $this->container->get(Connection::class),
      $this->container->get(Catalogue::class),
      $this->root,
      $settings,
    );
    return $factory->create();
  }

  /**
   * The settings with one toggle changed.
   */
  private function switched(array $settings, string $toggle, bool $on): array {
    [$group, $key] = explode('.', $toggle);
    $settings[$group][$key] = $on;
    return $settings;
  }

}
