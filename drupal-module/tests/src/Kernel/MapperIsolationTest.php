<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\logystera\Agent\AgentInterface;
use Drupal\logystera\Hook\AdminHooks;
use Drupal\logystera\Signal\Router;
use Drupal\logystera_broken_test\BrokenSignals;
use Drupal\user\Entity\User;
use Logystera\Agent\Recorder;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;
use Psr\Container\ContainerInterface;
use Psr\Log\NullLogger;

/**
 * A mapper that throws costs its own signal and nothing else.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class MapperIsolationTest extends LogysteraKernelTestBase {

  /**
   * {@inheritdoc}
   *
   * Its mappers come first: what they do must not reach those behind them.
   */
  protected static $modules = ['logystera_broken_test'];

  /**
   * Exceptions, errors, wrong arguments: others are recorded all the same.
   */
  public function testOthersAreRecordedAllTheSame(): void {
    foreach (['user_insert', 'user_delete', 'user_login', 'modules_installed'] as $hook) {
      $this->assertSame(BrokenSignals::class, $this->routes()["hook:$hook"][0][1]);
    }
    $this->container->get('module_handler')->invokeAll('modules_installed', [['something'], FALSE]);
    $account = User::create(['name' => 'somebody']);
    $account->save();
    $account->delete();
    $this->container->get('module_handler')->invokeAll('user_login', [$account]);

    foreach (['user.created', 'user.deleted', 'auth.login'] as $type) {
      $this->assertCount(1, $this->recorded($type), "$type of the module's own mapper");
    }
    $this->assertEqualsCanonicalizing(['yielded_before', 'something'], $this->recordedLabels('module.install', 'module'));

    $this->container->get(Router::class)->destruct();
    $errors = $this->container->get('state')->get(Router::ERRORS);
    ksort($errors);
    $this->assertSame(['auth.login', 'module.install', 'user.created', 'user.deleted'], array_keys($errors));
    $this->assertSame([1, 1, 1, 1], array_column($errors, 'count'));
    $this->assertSame('LogicException', $errors['user.created']['class']);
    $this->assertSame('TypeError', $errors['user.deleted']['class']);
    $this->assertStringNotContainsString(BrokenSignals::PLANTED, serialize($errors));

    $finding = $this->container->get(AdminHooks::class)->runtimeRequirements()['logystera'];
    $this->assertSame('Some signals could not be recorded', (string) $finding['value']);
    $this->assertStringContainsString('user.created: 1 (LogicException at BrokenSignals.php:', $finding['description'][0]['#plain_text']);
    $this->assertSame('Rebuilding the caches clears this.', (string) $finding['description'][1]['#markup']);
    $this->assertStringNotContainsString(BrokenSignals::PLANTED, serialize($finding));

    // What made them may be mended, and is told again where it is not.
    $this->container->get('module_handler')->invokeAll('rebuild');
    $this->assertNull($this->container->get('state')->get(Router::ERRORS));
    $this->assertSame('Recording, not connected', (string) $this->container->get(AdminHooks::class)->runtimeRequirements()['logystera']['value']);
  }

  /**
   * An anonymous class is named after its file: that is left out.
   */
  public function testAnonymousClassesTellNoPath(): void {
    $throwing = new class () implements ContainerInterface {

      /**
       * {@inheritdoc}
       */
      public function get(string $id): object {
        throw new class ('planted') extends \RuntimeException {};
      }

      /**
       * {@inheritdoc}
       */
      public function has(string $id): bool {
        return TRUE;
      }

    };
    $state = $this->container->get('state');
    $routes = ['hook:user_login' => Router::pack([['auth.login', 'any', 'any']])];
    $router = new Router($this->container->get(AgentInterface::class), $throwing, $routes, $state, static fn() => new NullLogger());
    $router->on('hook:user_login');
    $router->destruct();
    $this->assertSame('RuntimeException@anonymous', $state->get(Router::ERRORS)['auth.login']['class']);

    $this->container->get('logger.factory')->get('php')->error('Something.', ['exception' => new class ('planted') extends \RuntimeException {}]);
    $this->assertSame(['RuntimeException@anonymous'], $this->recordedLabels('php.exception', 'class'));
  }

  /**
   * Every route there is survives mappers that throw, and counts each error.
   */
  public function testEveryRouteSurvives(): void {
    $routes = $this->routes();
    $this->assertGreaterThan(30, count($routes));
    foreach ($routes as $source => $mappers) {
      foreach (array_column($mappers, 0) as $type) {
        [$group, $key] = explode('.', $this->toggleOf($type));
        $this->config('logystera.settings')->set("$group.$key", TRUE);
      }
    }
    $this->config('logystera.settings')->save();
    $this->rebuild();

    $throwing = new class () implements ContainerInterface {

      /**
       * {@inheritdoc}
       */
      public function get(string $id): object {
        return new class () {

          /**
           * Any mapper.
           */
          public function __call(string $method, array $arguments): never {
            throw new \Error('A mapper.');
          }

        };
      }

      /**
       * {@inheritdoc}
       */
      public function has(string $id): bool {
        return TRUE;
      }

    };
    $state = $this->container->get('state');
    $router = new Router($this->container->get(AgentInterface::class), $throwing, array_map(Router::pack(...), $routes), $state, static fn() => new NullLogger());
    foreach (array_keys($routes) as $source) {
      $router->on($source);
    }
    $router->destruct();
    $expected = array_count_values(array_merge(...array_values(array_map(static fn(array $mappers): array => array_column($mappers, 0), $routes))));
    $counted = array_map(static fn(array $error): int => $error['count'], $state->get(Router::ERRORS));
    ksort($expected);
    ksort($counted);
    $this->assertSame($expected, $counted);
  }

  /**
   * What the compiler pass has found: source => type, service and method.
   *
   * @return array<string, list<array{string, string, string}>>
   *   The routes.
   */
  private function routes(): array {
    return $this->container->get(Router::class)->routes();
  }

  /**
   * The configuration key of a type.
   */
  private function toggleOf(string $type): string {
    return (string) array_column(Recorder::signals(), 'config_key', 'type')[$type];
  }

}
