<?php

declare(strict_types=1);

namespace Logystera\Client\Tests;

use App\EventSubscriber\LogysteraSubscriber;
use App\Providers\LogysteraServiceProvider;
use Illuminate\Auth\Events\Failed;
use Illuminate\Auth\Events\Login;
use Illuminate\Auth\Events\Logout;
use Illuminate\Auth\GenericUser;
use Illuminate\Config\Repository;
use Illuminate\Events\Dispatcher;
use Illuminate\Foundation\Application;
use Illuminate\Http\Request;
use Illuminate\Log\LogManager;
use Logystera\Client\Logystera;
use Logystera\Client\LogSignal;
use Logystera\Client\Monolog\Handler;
use Logystera\Client\NativeRecorder;
use Logystera\Client\NullRecorder;
use Logystera\Client\Recorder;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunInSeparateProcess;
use PHPUnit\Framework\TestCase;
use Symfony\Component\Config\FileLocator;
use Symfony\Component\DependencyInjection\ContainerBuilder;
use Symfony\Component\DependencyInjection\Loader\PhpFileLoader;
use Symfony\Component\EventDispatcher\EventDispatcher;
use Symfony\Component\HttpFoundation\Request as SymfonyRequest;
use Symfony\Component\Security\Core\Authentication\Token\UsernamePasswordToken;
use Symfony\Component\Security\Core\Exception\BadCredentialsException;
use Symfony\Component\Security\Core\User\InMemoryUser;
use Symfony\Component\Security\Http\Authenticator\AuthenticatorInterface;
use Symfony\Component\Security\Http\Authenticator\Passport\Badge\UserBadge;
use Symfony\Component\Security\Http\Authenticator\Passport\SelfValidatingPassport;
use Symfony\Component\Security\Http\Event\LoginFailureEvent;
use Symfony\Component\Security\Http\Event\LoginSuccessEvent;
use Symfony\Component\Security\Http\Event\LogoutEvent;

/**
 * The examples, with the frameworks they are for.
 */
final class ExamplesTest extends TestCase
{
    use Scratch;

    public function testLaravelRecordsLogins(): void
    {
        $app = new Application($this->scratch('laravel'));
        $app->instance('request', Request::create('/login', 'POST', server: ['REMOTE_ADDR' => '192.0.2.7']));
        $events = new Dispatcher($app);
        $provider = new LogysteraServiceProvider($app);
        $provider->register();
        $recorder = new MemoryRecorder();
        $app->scoped(Recorder::class, static fn (): Recorder => $recorder);
        $provider->boot($events);
        $user = new GenericUser(['id' => 7]);
        $events->dispatch(new Login('web', $user, false));
        $events->dispatch(new Failed('web', null, ['email' => 'ann@example.org', 'password' => 'planted']));
        $events->dispatch(new Failed('web', null, ['password' => 'planted']));
        $events->dispatch(new Logout('web', $user));
        self::assertSame([
            ['auth.login', ['uid' => '7', 'ip' => '192.0.2.7']],
            ['auth.login_failed', ['username' => 'ann@example.org', 'ip' => '192.0.2.7']],
            ['auth.login_failed', ['username' => '', 'ip' => '192.0.2.7']],
            ['auth.logout', ['uid' => '7']],
        ], $recorder->events);
        self::assertSame(0, $recorder->commits);
        $app->terminate();
        self::assertSame(1, $recorder->commits);
    }

    public function testLaravelMakesARecorderForEachRequest(): void
    {
        mkdir($this->scratch('laravel/storage'), 0700, true);
        $app = new Application($this->scratch('laravel'));
        (new LogysteraServiceProvider($app))->register();
        $first = $app->make(Recorder::class);
        self::assertInstanceOf(Logystera::isAvailable() ? NativeRecorder::class : NullRecorder::class, $first);
        self::assertSame($first, $app->make(Recorder::class));
        $app->forgetScopedInstances();
        self::assertNotSame($first, $app->make(Recorder::class));
    }

    public function testALaravelChannelIsTheHandler(): void
    {
        $app = new Application($this->scratch('laravel'));
        $recorder = new MemoryRecorder();
        $app->instance(Recorder::class, $recorder);
        $app->instance('config', new Repository(['logging' => ['channels' => [
            'logystera' => ['driver' => 'monolog', 'handler' => Handler::class, 'level' => 'error'],
        ]]]));
        $channel = (new LogManager($app))->channel('logystera');
        $channel->warning('below');
        $channel->error('{name} failed', ['name' => 'planted']);
        self::assertCount(1, $recorder->events);
        self::assertSame([LogSignal::TYPE, 'error', '{name} failed'],
            [$recorder->events[0][0], $recorder->events[0][1]['level'] ?? null, $recorder->events[0][1]['message'] ?? null]);
    }

    public function testSymfonyRecordsLogins(): void
    {
        $recorder = new MemoryRecorder();
        $events = new EventDispatcher();
        $events->addSubscriber(new LogysteraSubscriber($recorder));
        $request = SymfonyRequest::create('/login', 'POST', server: ['REMOTE_ADDR' => '192.0.2.7']);
        $user = new InMemoryUser('ann', null, ['ROLE_ADMIN']);
        $passport = new SelfValidatingPassport(new UserBadge('ann', static fn (): InMemoryUser => $user));
        $token = new UsernamePasswordToken($user, 'main', $user->getRoles());
        $authenticator = $this->createStub(AuthenticatorInterface::class);
        $events->dispatch(new LoginSuccessEvent($authenticator, $passport, $token, $request, null, 'main'));
        $events->dispatch(new LoginFailureEvent(new BadCredentialsException(), $authenticator, $request, null, 'main', $passport));
        $events->dispatch(new LoginFailureEvent(new BadCredentialsException(), $authenticator, $request, null, 'main'));
        $events->dispatch(new LogoutEvent($request, $token));
        $events->dispatch(new LogoutEvent($request, null));
        self::assertSame([
            ['auth.login', ['uid' => 'ann', 'ip' => '192.0.2.7', 'roles' => ['ROLE_ADMIN']]],
            ['auth.login_failed', ['username' => 'ann', 'ip' => '192.0.2.7']],
            ['auth.login_failed', ['username' => '', 'ip' => '192.0.2.7']],
            ['auth.logout', ['uid' => 'ann']],
        ], $recorder->events);
    }

    public function testSymfonyMakesTheServices(): void
    {
        mkdir($this->scratch('var'), 0700, true);
        $container = new ContainerBuilder();
        $container->setParameter('kernel.project_dir', dirname($this->scratch()));
        (new PhpFileLoader($container, new FileLocator(dirname(__DIR__) . '/examples/symfony')))->load('logystera.php');
        foreach ([Recorder::class, Handler::class] as $service) {
            $container->getDefinition($service)->setPublic(true);
        }
        $container->compile();
        $recorder = $container->get(Recorder::class);
        self::assertInstanceOf(Recorder::class, $recorder);
        self::assertInstanceOf(Handler::class, $container->get(Handler::class));
        self::assertSame(Logystera::isAvailable(), $recorder->wants(LogSignal::TYPE));
    }

    #[RunInSeparateProcess]
    public function testWordPressRecordsWhatPeopleDo(): void
    {
        require __DIR__ . '/wordpress.php';
        define('LOGYSTERA_BUFFER', $this->scratch());
        require dirname(__DIR__) . '/examples/wordpress/logystera.php';
        self::assertSame(['logystera_flush hourly'], \WordPressActions::$scheduled);
        $actions = \WordPressActions::$actions;
        $actions['wp_login']('ann', wordpress_user(7, ['editor']));
        $actions['wp_login_failed']('ann', 'an error');
        $actions['wp_logout'](7);
        $actions['user_register'](8);
        $actions['set_user_role'](8, 'editor', ['subscriber']);
        $actions['deleted_user'](8);
        $actions['activated_plugin']('shop/shop.php', false);
        $actions['deactivated_plugin']('shop/shop.php', false);
        $actions['logystera_flush']();
        $stats = logystera_recorder()->stats();
        self::assertSame(Logystera::isAvailable(), $stats['recording']);
        self::assertSame(Logystera::isAvailable() ? 8 : 0, $stats['recorded'] ?? 0);
        self::assertSame([], array_filter([$stats['labels_dropped'] ?? 0, $stats['labels_nulled'] ?? 0]));
    }

    #[RunInSeparateProcess]
    public function testWordPressKeepsTheBufferOutOfTheDocumentRoot(): void
    {
        require __DIR__ . '/wordpress.php';
        require dirname(__DIR__) . '/examples/wordpress/logystera.php';
        // WordPress in a directory of its own below the document root, and on the command line, which knows of none.
        \WordPressActions::$options = ['siteurl' => 'https://example.org/web'];
        self::assertSame('/srv/wordpress', logystera_exposed_by('/srv/wordpress/logystera'));
        self::assertNull(logystera_exposed_by('/srv/logystera'));
        $stats = logystera_recorder()->stats();
        self::assertFalse($stats['recording']);
        self::assertStringContainsString('/srv/wordpress/logystera lies in /srv/wordpress,', $stats['why_off'] ?? '');
        self::assertStringContainsString('LOGYSTERA_BUFFER in wp-config.php', $stats['why_off'] ?? '');
        \WordPressActions::$options = ['siteurl' => 'https://example.org'];
        self::assertNull(logystera_exposed_by('/srv/wordpress/logystera'));
        self::assertSame('/srv/wordpress/web', logystera_exposed_by('/srv/wordpress/web/wp-content/logystera'));
        // What the web server says counts, links or not.
        $root = $this->scratch();
        mkdir("$root/web", 0700, true);
        symlink("$root/web", "$root/link");
        $_SERVER['DOCUMENT_ROOT'] = "$root/link/";
        self::assertSame("$root/web", logystera_exposed_by("$root/web/private/logystera"));
        self::assertSame("$root/web", logystera_exposed_by("$root/link"));
        self::assertNull(logystera_exposed_by("$root/website"));
        // An alias leads to WordPress outside of the document root: nothing else beside it is served.
        \WordPressActions::$options = ['siteurl' => 'https://example.org/web'];
        self::assertNull(logystera_exposed_by('/srv/wordpress/logystera'));
        self::assertSame('/srv/wordpress/web', logystera_exposed_by('/srv/wordpress/web/logystera'));
        // Cron makes no directory there either.
        define('LOGYSTERA_BUFFER', "$root/web/logystera");
        define('LOGYSTERA_GATEWAY', 'https://gateway.invalid');
        define('LOGYSTERA_TOKEN', 'ent_' . str_repeat('a', 22));
        define('LOGYSTERA_SECRET', str_repeat('s', 43));
        \WordPressActions::$actions['logystera_flush']();
        self::assertDirectoryDoesNotExist("$root/web/logystera");
    }
}
