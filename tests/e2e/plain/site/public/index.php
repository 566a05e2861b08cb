<?php

declare(strict_types=1);

require dirname(__DIR__) . '/app.php';

$site = Site::fromEnvironment();
$path = rawurldecode((string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
$method = $_SERVER['REQUEST_METHOD'];
$ip = $_SERVER['REMOTE_ADDR'];
session_start(['cookie_httponly' => true, 'cookie_samesite' => 'Lax']);
$uid = (int) ($_SESSION['uid'] ?? 0);

// Whatever becomes of the request, one event says that it happened; also after a fatal error or exit.
register_shutdown_function(static function () use ($site, $path, $method, $ip, $uid): void {
    $status = http_response_code();
    $actor = $uid ?: '';
    $site->record('http.request', [
        'method' => $method,
        'path' => $path,
        'status_code' => $status,
        'ip' => $ip,
        'is_admin' => str_starts_with($path, '/admin/'),
        'is_ajax' => strcasecmp($_SERVER['HTTP_X_REQUESTED_WITH'] ?? '', 'XMLHttpRequest') === 0,
        'actor_uid' => $actor,
        'ua' => $_SERVER['HTTP_USER_AGENT'] ?? '',
    ]);
    if (str_starts_with($path, '/api/')) {
        $site->record('api.access', ['method' => $method, 'path' => $path, 'status_code' => $status, 'ip' => $ip, 'actor_uid' => $actor]);
    }
});

route($site, $method, $path, $ip, $uid)->send();

function route(Site $site, string $method, string $path, string $ip, int $uid): Response
{
    $accounts = $site->accounts();
    $isAdmin = in_array('administrator', $accounts[$uid]['roles'] ?? [], true);
    if (str_starts_with($path, '/admin/') && !$isAdmin) {
        return Response::page('Access denied', '<p>Log in as an administrator.</p>', 403);
    }
    if (preg_match('#^/page/(\d+)$#', $path, $match)) {
        return Response::page("Page $match[1]", '<p>Text.</p>');
    }
    if (preg_match('#^/user/(\d+)$#', $path, $match) && isset($accounts[(int) $match[1]])) {
        return Response::page($accounts[(int) $match[1]]['name'], '<p>A member of this site.</p>');
    }
    if (preg_match('#^/admin/user/(\d+)/(block|role)$#', $path, $match) && $method === 'POST') {
        return change_account($site, $accounts, (int) $match[1], $match[2], $uid);
    }
    return match ("$method $path") {
        'GET /' => Response::page('A small site', '<p><a href="/page/1">Read</a> or <a href="/login">log in</a>.</p>'),
        'GET /login' => Response::page('Log in', '<form method="post"><input name="name"><input name="pass" type="password"><button>Log in</button></form>'),
        'POST /login' => log_in($site, $accounts, (string) ($_POST['name'] ?? ''), (string) ($_POST['pass'] ?? ''), $ip),
        'POST /logout' => log_out($site, $uid),
        'GET /admin/settings' => Response::page('Settings', '<form method="post"><input name="title"><button>Save</button></form>'),
        'POST /admin/settings' => save_settings($site, (string) ($_POST['title'] ?? ''), $uid),
        'POST /admin/users' => create_account($site, $accounts, (string) ($_POST['name'] ?? ''), $uid),
        'GET /api/articles' => Response::json([['id' => 1, 'title' => 'First'], ['id' => 2, 'title' => 'Second']]),
        'GET /status' => Response::json($site->recorderStats()),
        'GET /extension' => extension_page(),
        'GET /broken' => this_function_does_not_exist(),
        'GET /greedy' => Response::page('Greedy', str_repeat('x', 1 << 30)),
        'GET /exit' => exit('gone'),
        'GET /endless' => endless(),
        default => Response::page('Not found', '<p>There is nothing here.</p>', 404),
    };
}

/** Until PHP's own time limit ends it. */
function endless(): never
{
    set_time_limit(1);
    while (true) {
    }
}

function log_in(Site $site, array $accounts, string $name, string $password, string $ip): Response
{
    foreach ($accounts as $id => $account) {
        if ($account['name'] === $name && !$account['blocked'] && password_verify($password, $account['password'])) {
            session_regenerate_id(true);
            $_SESSION['uid'] = $id;
            $site->record('auth.login', ['uid' => $id, 'ip' => $ip, 'roles' => $account['roles']]);
            return Response::redirect('/');
        }
    }
    $site->record('auth.login_failed', ['username' => $name, 'ip' => $ip]);
    return Response::page('Log in', '<p>Wrong name or password.</p>', 403);
}

function log_out(Site $site, int $uid): Response
{
    if ($uid !== 0) {
        $site->record('auth.logout', ['uid' => $uid]);
        session_destroy();
    }
    return Response::redirect('/');
}

function save_settings(Site $site, string $title, int $uid): Response
{
    file_put_contents("$site->dataDir/settings.json", json_encode(['title' => $title]), LOCK_EX);
    $site->record('config.save', ['config_name' => 'system.site', 'category' => 'system', 'change_type' => 'update', 'actor_uid' => $uid]);
    return Response::redirect('/admin/settings');
}

function create_account(Site $site, array $accounts, string $name, int $uid): Response
{
    $id = max(array_keys($accounts)) + 1;
    $accounts[$id] = ['name' => $name, 'password' => password_hash('changeme', PASSWORD_BCRYPT, ['cost' => 4]), 'roles' => ['member'], 'blocked' => false];
    $site->saveAccounts($accounts);
    $site->record('user.created', ['uid' => $id, 'roles' => ['member'], 'actor_uid' => $uid]);
    return Response::redirect("/user/$id");
}

function change_account(Site $site, array $accounts, int $id, string $change, int $uid): Response
{
    if (!isset($accounts[$id])) {
        return Response::page('Not found', '<p>There is no such account.</p>', 404);
    }
    if ($change === 'block') {
        $accounts[$id]['blocked'] = true;
        $site->record('user.blocked', ['uid' => $id, 'actor_uid' => $uid]);
    } else {
        $before = $accounts[$id]['roles'];
        $after = array_values(array_unique([...$before, 'editor']));
        $accounts[$id]['roles'] = $after;
        $site->record('user.role_changed', [
            'uid' => $id,
            'roles_before' => $before,
            'roles_after' => $after,
            'roles_added' => array_values(array_diff($after, $before)),
            'roles_removed' => array_values(array_diff($before, $after)),
            'actor_uid' => $uid,
        ]);
    }
    $site->saveAccounts($accounts);
    return Response::redirect("/user/$id");
}

/** What phpinfo() says of the extension, as text. */
function extension_page(): Response
{
    ob_start();
    (new ReflectionExtension('logystera'))->info();
    return new Response((string) ob_get_clean(), 200, 'text/plain; charset=utf-8');
}
