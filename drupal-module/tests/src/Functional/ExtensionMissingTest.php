<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Functional;

use Drupal\Tests\BrowserTestBase;
use Drupal\user\UserInterface;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * The pages of a site whose PHP lacks the extension; run in such a PHP only.
 *
 * @group extension_missing
 * @group unusual_extension
 */
#[Group('extension_missing')]
#[Group('unusual_extension')]
#[RunTestsInSeparateProcesses]
final class ExtensionMissingTest extends BrowserTestBase {

  /**
   * {@inheritdoc}
   */
  protected static $modules = ['logystera', 'help'];

  /**
   * {@inheritdoc}
   */
  protected $defaultTheme = 'stark';

  /**
   * Every page opens, and those of the module say what to install.
   */
  public function testEveryPageOpens(): void {
    $account = $this->drupalCreateUser([
      'administer logystera',
      'view logystera events',
      'flush logystera buffer',
      'administer site configuration',
      'access help pages',
    ]);
    assert($account instanceof UserInterface);
    $this->drupalLogin($account);
    foreach (['', '/status', '/events', '/ingest-logs', '/debug', '/support', '/disconnect'] as $tab) {
      $this->drupalGet("admin/config/system/logystera$tab");
      $this->assertSession()->statusCodeEquals(200);
    }
    $this->drupalGet('admin/config/system/logystera');
    $this->assertSession()->pageTextContains('add extension=logystera to php.ini');
    $this->submitForm(['dispatch[batch_size]' => '20'], 'Save configuration');
    $this->assertSession()->pageTextContains('The configuration options have been saved.');
    foreach (['export/csv', '00000000-0000-4000-8000-000000000000'] as $path) {
      $this->drupalGet("admin/config/system/logystera/events/$path");
      $this->assertSession()->statusCodeEquals(404);
    }
    $this->drupalGet('admin/reports/status');
    $this->assertSession()->pageTextContains('add extension=logystera to php.ini');
    $this->drupalGet('admin/help/logystera');
    $this->assertSession()->statusCodeEquals(200);
  }

}
