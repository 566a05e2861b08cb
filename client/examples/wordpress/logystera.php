<?php

/**
 * Plugin Name: Logystera
 * Description: Records logins, accounts, roles and plugins with the PHP extension logystera. Into wp-content/mu-plugins/.
 * Requires PHP: 8.1
 */

declare(strict_types=1);

use Logystera\Client\Logystera;
use Logystera\Client\NullRecorder;
use Logystera\Client\Recorder;

/** Beside WordPress; where that is in the document root nothing is recorded until wp-config.php names another directory in LOGYSTERA_BUFFER. */
function logystera_buffer(): string
{
    $directory = defined('LOGYSTERA_BUFFER') ? constant('LOGYSTERA_BUFFER') : dirname(ABSPATH) . '/logystera';
    return is_string($directory) ? $directory : '';
}

/** A path without links, also of what is not there yet. */
function logystera_real(string $path): string
{
    $missing = '';
    while (($real = realpath($path)) === false && dirname($path) !== $path) {
        $missing = '/' . basename($path) . $missing;
        $path = dirname($path);
    }
    return rtrim((string) $real, '/') . $missing;
}

/** The directory whose files the web server gives to anybody and in which this one lies; null for none. */
function logystera_exposed_by(string $directory): ?string
{
    $wordpress = logystera_real(ABSPATH);
    $url = get_option('siteurl');
    $named = $_SERVER['DOCUMENT_ROOT'] ?? '';
    $named = is_string($named) && $named !== '' ? logystera_real($named) : '';
    // Below the document root, WordPress has a directory of its own: then its address has it too. Outside of it, only an alias leads there.
    $below = rtrim(is_string($url) ? (string) parse_url($url, PHP_URL_PATH) : '', '/');
    $guess = ($named === '' || str_starts_with("$wordpress/", "$named/")) && $below !== '' && str_ends_with($wordpress, $below);
    $served = $guess ? substr($wordpress, 0, -strlen($below)) : $wordpress;
    foreach ([$named, $served] as $root) {
        if ($root !== '' && str_starts_with(logystera_real($directory) . '/', "$root/")) {
            return $root;
        }
    }
    return null;
}

function logystera_recorder(): Recorder
{
    static $recorder = null;
    if (!$recorder instanceof Recorder) {
        $exposed = logystera_exposed_by(logystera_buffer());
        $recorder = $exposed === null ? Logystera::recorder(logystera_buffer(), ['root' => rtrim(ABSPATH, '/')]) : new NullRecorder(
            sprintf('%s lies in %s, whose files can be downloaded: name a directory outside of it in LOGYSTERA_BUFFER in wp-config.php',
                logystera_buffer(), $exposed),
        );
    }
    return $recorder;
}

/** WordPress knows nothing of proxies: a site behind one sets REMOTE_ADDR in its web server. */
function logystera_address(): ?string
{
    return isset($_SERVER['REMOTE_ADDR']) && is_string($_SERVER['REMOTE_ADDR']) ? $_SERVER['REMOTE_ADDR'] : null;
}

add_action('wp_login', static function (string $name, WP_User $user): void {
    logystera_recorder()->record('auth.login', ['uid' => $user->ID, 'ip' => logystera_address(), 'roles' => array_values($user->roles)]);
}, 10, 2);
add_action('wp_login_failed', static function (string $name): void {
    logystera_recorder()->record('auth.login_failed', ['username' => $name, 'ip' => logystera_address()]);
});
add_action('wp_logout', static function (int $user): void {
    logystera_recorder()->record('auth.logout', ['uid' => $user]);
});
add_action('user_register', static function (int $user): void {
    $roles = get_userdata($user)->roles ?? [];
    logystera_recorder()->record('user.created', ['uid' => $user, 'roles' => array_values($roles), 'actor_uid' => get_current_user_id()]);
});
/** @param list<string> $before */
add_action('set_user_role', static function (int $user, string $role, array $before): void {
    $now = $role === '' ? [] : [$role];
    logystera_recorder()->record('user.role_changed', ['uid' => $user, 'roles_before' => array_values($before), 'roles_after' => $now,
        'roles_added' => array_values(array_diff($now, $before)), 'roles_removed' => array_values(array_diff($before, $now)),
        'actor_uid' => get_current_user_id()]);
}, 10, 3);
add_action('deleted_user', static function (int $user): void {
    logystera_recorder()->record('user.deleted', ['uid' => $user, 'actor_uid' => get_current_user_id()]);
});
foreach (['activated_plugin' => 'module.install', 'deactivated_plugin' => 'module.uninstall'] as $hook => $type) {
    add_action($hook, static function (string $plugin) use ($type): void {
        logystera_recorder()->record($type, ['module' => dirname($plugin), 'is_syncing' => false, 'actor_uid' => get_current_user_id()]);
    });
}

// What was recorded is sent by WordPress' cron; wp-config.php has the credentials.
add_action('logystera_flush', static function (): void {
    $setting = static function (string $name): string {
        $value = defined($name) ? constant($name) : null;
        return is_string($value) ? $value : '';
    };
    // A buffer that is there already is sent all the same; none is made where anybody could read it.
    $unusable = logystera_exposed_by(logystera_buffer()) !== null && !is_dir(logystera_buffer());
    if ($setting('LOGYSTERA_SECRET') !== '' && !$unusable) {
        Logystera::flush(logystera_buffer(), $setting('LOGYSTERA_GATEWAY'), $setting('LOGYSTERA_TOKEN'), $setting('LOGYSTERA_SECRET'));
    }
});
if (!wp_next_scheduled('logystera_flush')) {
    wp_schedule_event(time(), 'hourly', 'logystera_flush');
}
