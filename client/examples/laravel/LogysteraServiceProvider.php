<?php

declare(strict_types=1);

namespace App\Providers;

use Illuminate\Auth\Events\Failed;
use Illuminate\Auth\Events\Login;
use Illuminate\Auth\Events\Logout;
use Illuminate\Console\Scheduling\Schedule;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Contracts\Foundation\Application;
use Illuminate\Support\ServiceProvider;
use Logystera\Client\Logystera;
use Logystera\Client\LogSignal;
use Logystera\Client\Recorder;

/**
 * Laravel 10 and 11: app/Providers/LogysteraServiceProvider.php, named in config/app.php or bootstrap/providers.php.
 */
final class LogysteraServiceProvider extends ServiceProvider
{
    public function register(): void
    {
        // scoped(): a new one for each request and job, also under Octane and in queue workers.
        $this->app->scoped(Recorder::class, static fn (Application $app): Recorder => Logystera::recorder(
            $app->storagePath('logystera'),
            ['root' => $app->basePath(), 'signals' => [LogSignal::declaration()]],
        ));
    }

    public function boot(Dispatcher $events): void
    {
        $events->listen(Login::class, function (Login $login): void {
            $this->record('auth.login', ['uid' => self::id($login->user), 'ip' => $this->address()]);
        });
        $events->listen(Failed::class, function (Failed $failed): void {
            $name = $failed->credentials['email'] ?? $failed->credentials['username'] ?? '';
            $this->record('auth.login_failed', ['username' => is_string($name) ? $name : '', 'ip' => $this->address()]);
        });
        $events->listen(Logout::class, function (Logout $logout): void {
            if ($logout->user instanceof Authenticatable) {
                $this->record('auth.logout', ['uid' => self::id($logout->user)]);
            }
        });
        // A worker (Octane, FrankenPHP) goes on when a request has ended: what that recorded must not wait for the next one.
        $this->app->terminating(function (): void {
            if ($this->app->resolved(Recorder::class)) {
                $this->app->make(Recorder::class)->commit();
            }
        });
        // What was recorded is sent by the scheduler, never by a page.
        $this->callAfterResolving(Schedule::class, function (Schedule $schedule): void {
            $schedule->call(static fn (): array => Logystera::flush(
                storage_path('logystera'),
                self::setting('LOGYSTERA_GATEWAY'),
                self::setting('LOGYSTERA_TOKEN'),
                self::setting('LOGYSTERA_SECRET'),
            ))->everyMinute()->name('logystera')->withoutOverlapping();
        });
    }

    /**
     * @param array<string, scalar|null|list<string>> $labels
     */
    private function record(string $type, array $labels): void
    {
        $this->app->make(Recorder::class)->record($type, $labels);
    }

    private function address(): ?string
    {
        return $this->app->bound('request') ? request()->ip() : null;
    }

    private static function id(Authenticatable $user): string
    {
        $id = $user->getAuthIdentifier();
        return is_scalar($id) ? (string) $id : '';
    }

    private static function setting(string $name): string
    {
        $value = getenv($name);
        return $value === false ? throw new \RuntimeException("$name is not set") : $value;
    }
}
