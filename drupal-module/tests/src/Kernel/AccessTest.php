<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\Tests\user\Traits\UserCreationTrait;
use Drupal\user\UserInterface;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * Who may open which page.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class AccessTest extends LogysteraKernelTestBase {

  use UserCreationTrait;

  private const ADMINISTER = 'administer logystera';
  private const VIEW = 'view logystera events';
  private const FLUSH = 'flush logystera buffer';

  /**
   * Which permissions open a route, each by itself.
   */
  private const ROUTES = [
    'logystera.settings' => [self::ADMINISTER],
    'logystera.connected' => [self::ADMINISTER],
    'logystera.disconnect' => [self::ADMINISTER],
    'logystera.privacy' => [self::ADMINISTER, self::VIEW, self::FLUSH],
    'logystera.status' => [self::ADMINISTER, self::VIEW, self::FLUSH],
    'logystera.events' => [self::VIEW],
    'logystera.events.export' => [self::VIEW],
    'logystera.event' => [self::VIEW],
    'logystera.ingest_logs' => [self::VIEW],
    'logystera.debug' => [self::ADMINISTER],
    'logystera.support' => [self::ADMINISTER],
  ];

  /**
   * What the paths of routes are filled with.
   */
  private const PARAMETERS = [
    'logystera.events.export' => ['format' => 'json'],
    'logystera.event' => ['event_id' => '00000000-0000-4000-8000-000000000000'],
  ];

  /**
   * Three permissions; those that show personal data or secrets are marked.
   */
  public function testDangerousPermissionsAreMarked(): void {
    $permissions = array_filter(
      $this->container->get('user.permissions')->getPermissions(),
      static fn(array $permission): bool => $permission['provider'] === 'logystera',
    );
    ksort($permissions);
    $this->assertSame([self::ADMINISTER, self::FLUSH, self::VIEW], array_keys($permissions));
    $this->assertSame([self::ADMINISTER, self::VIEW], array_keys(array_filter(
      $permissions,
      static fn(array $permission): bool => !empty($permission['restrict access']),
    )));
  }

  /**
   * Each route opens to its own permissions, and to nobody else.
   */
  public function testEachRouteOpensToItsOwnPermissionsOnly(): void {
    $this->container->get('router.builder')->rebuild();
    $routes = [];
    foreach ($this->container->get('router.route_provider')->getAllRoutes() as $name => $route) {
      if (str_starts_with($name, 'logystera.')) {
        $routes[] = $name;
        $this->assertStringStartsWith('/admin/config/system/logystera', $route->getPath());
      }
    }
    $expected = array_keys(self::ROUTES);
    sort($routes);
    sort($expected);
    $this->assertSame($expected, $routes, 'a new route belongs into this table');

    // The first account may do everything.
    $this->createUser();
    $accounts = [
      'nothing' => $this->createUser([
        'access administration pages',
        'administer site configuration',
      ]),
    ];
    foreach ([self::ADMINISTER, self::VIEW, self::FLUSH] as $permission) {
      $accounts[$permission] = $this->createUser([$permission]);
    }
    $access = $this->container->get('access_manager');
    foreach (self::ROUTES as $name => $permissions) {
      foreach ($accounts as $permission => $account) {
        assert($account instanceof UserInterface);
        $this->assertSame(
          in_array($permission, $permissions, TRUE),
          $access->checkNamedRoute($name, self::PARAMETERS[$name] ?? [], $account),
          "$name with '$permission'",
        );
      }
    }
  }

}
