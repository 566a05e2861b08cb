<?php

declare(strict_types=1);

// Twelve things that happen to a site, over HTTP, and the alert each must open at the gateway, with the signals that led to it.
//
//   php alerts.php PART STATE        PART is one of the functions below that take nothing but the facts
//
// STATE/scenario.json as for scenario.php. What is found out about an alert comes from the gateway's API alone.

require __DIR__ . '/visitor.php';

const WRONG_PASSWORD = 'planted-wrong-password';

[, $part, $state] = $argv;
$facts = json_decode(file_get_contents("$state/scenario.json"), true, 16, JSON_THROW_ON_ERROR);
match ($part) {
    'before' => before($facts), 'requests' => requests($facts), 'cron' => cron($facts), 'upload' => upload($facts), 'news' => news($facts), 'told' => told($facts),
};

function visitor(array $facts): Visitor
{
    global $state;
    return new Visitor($facts['site'], "$state/requests.jsonl");
}

function step(string $what): void
{
    echo "    $what\n";
}

function log_in(array $facts, array $account): Visitor
{
    return visitor($facts)->get('/user/login')->expect(200)
        ->submit('user_login_form', ['name' => $account['name'], 'pass' => $account['pass']], 'Log in', $account['uid'])->expect(303)->follow()->expect(200);
}

/** Everyday work of administrators, which opens no alert. */
function before(array $facts): void
{
    step('twenty pages are written');
    $admin = log_in($facts, $facts['accounts'][0]);
    for ($page = 1; $page <= 20; $page++) {
        $admin->get('/node/add/page')->submit('node_page_form', ['title[0][value]' => "Page $page"], 'Save')->expect(303);
    }
}

function requests(array $facts): void
{
    [$boss, $maria] = $facts['accounts'];
    step('passwords are guessed, and one fits');
    $stranger = visitor($facts);
    foreach (['root', 'admin', 'test', 'editor', 'guest', 'webmaster'] as $name) {
        $stranger->get('/user/login')->submit('user_login_form', ['name' => $name, 'pass' => WRONG_PASSWORD], 'Log in')->expect(200, 'Unrecognized username or password.');
    }
    log_in($facts, $maria);

    step('an account is made administrator');
    $admin = log_in($facts, $boss);
    $admin->get("/user/{$maria['uid']}/edit")->expect(200)->submit('user_form', ['roles[administrator]' => 'administrator'], 'Save')->expect(303)->follow()->expect(200);

    step('a module is installed in the browser');
    $admin->get('/admin/modules')->submit('system_modules', ['modules[inline_form_errors][enable]' => '1'], 'Install')->expect(303)->follow()->expect(200, 'has been installed');

    step('a role may administer users');
    $admin->get('/admin/people/permissions/content_editor')->expect(200)
        ->submit('user_admin_permissions', ['content_editor[administer users]' => '1'], 'Save permissions')->expect(303)->follow()->expect(200, 'have been saved');

    step('five accounts are deleted');
    foreach (array_slice($facts['accounts'], 2) as $account) {
        $admin->get("/user/{$account['uid']}/cancel")->submit('user_cancel_form', ['user_cancel_method' => 'user_cancel_delete'], 'Confirm')->follow()->expect(200, 'has been deleted');
    }

    step('twenty pages are deleted at once');
    $admin->get('/admin/content?type=page')->expect(200);
    $chosen = [];
    preg_match_all('/name="(node_bulk_form\[\d+\])"/', $admin->body, $boxes);
    preg_match_all('/name="node_bulk_form\[\d+\]" value="([^"]+)"/', $admin->body, $values);
    foreach ($boxes[1] as $i => $box) {
        $chosen[$box] = $values[1][$i] ?? '1';
    }
    $admin->submit('views_form_content_page_1', $chosen + ['action' => 'node_delete_action'], 'Apply to selected items')->expect(303)->follow()
        ->submit('node_delete_multiple_confirm_form', [], 'Delete')->follow()->expect(200, 'Deleted 20 content items.');

    step('requests end in errors');
    $admin->get('/logystera-site-test/exception')->expect(500);
    $admin->get('/logystera-site-test/exception')->expect(500);
    $admin->dies = true;
    $admin->get('/logystera-site-test/memory')->expect(500);
    $admin->dies = false;

    step('a visitor tries the pages of the administration');
    $prober = visitor($facts);
    $pages = ['people', 'modules', 'content', 'structure', 'appearance', 'reports', 'reports/dblog', 'config', 'people/permissions', 'people/roles', 'reports/status', 'structure/types'];
    foreach ([...$pages, ...$pages] as $page) {
        $prober->get("/admin/$page")->expect(403);
    }

    step('visitors are shown errors from now on');
    $admin->get('/admin/config/development/logging')->submit('system_logging_settings', ['error_level' => 'verbose'], 'Save configuration')->expect(303)->follow()->expect(200);
}

/** While a run hangs. */
function cron(array $facts): void
{
    step('cron is started twice and cannot run');
    foreach ([1, 2] as $time) {
        visitor($facts)->get("/cron/{$facts['cron_key']}");
    }
}

function upload(array $facts): void
{
    step('a program is uploaded as a document');
    log_in($facts, $facts['accounts'][0])->get('/media/add/document')->expect(200)->submit('media_document_add_form', [
        'files[field_media_document_0]' => new CURLStringFile('<?php echo 1;', 'shell.php', 'text/plain'),
    ], 'Save')->expect(303)->follow()->expect(200, 'has been created');
}

function news(array $facts): void
{
    step('a security release comes out');
    $admin = log_in($facts, $facts['accounts'][0]);
    $admin->get('/admin/reports/updates')->click('#/admin/reports/updates/check\?#')->follow()->expect(200, 'Security update');
    visitor($facts)->get("/cron/{$facts['cron_key']}")->expect(204);
}

/** Asks the gateway's API; the answer and the number of all there are. */
function ask(array $facts, string $path): mixed
{
    $text = file_get_contents($facts['gateway']['url'] . '/api/v1' . $path);
    return json_decode($text, true, 64, JSON_THROW_ON_ERROR);
}

function told(array $facts): void
{
    // Rule => type of the signals that are its evidence, how many at least, and a label all of them have.
    $wanted = [
        'SIGNAL_LOGIN_FAILURES' => ['auth.login_failed', 5, []],
        'SIGNAL_LOGIN_AFTER_FAILURES' => ['auth.login', 1, []],
        'SIGNAL_ADMIN_ROLE_GRANTED' => ['user.role_changed', 1, ['roles_added' => ['administrator']]],
        'SIGNAL_MODULE_CHANGED_LIVE' => ['module.install', 1, ['module' => 'inline_form_errors']],
        'SIGNAL_DANGEROUS_PERMISSION' => ['role.permissions_changed', 1, ['role' => 'content_editor', 'permissions_added' => ['administer users']]],
        'SIGNAL_USERS_DELETED' => ['user.deleted', 5, []],
        'SIGNAL_CONTENT_DELETED' => ['content.deleted', 20, ['bundle' => 'page']],
        'SIGNAL_PHP_FATAL_SPIKE' => ['php.exception', 2, []],
        'SIGNAL_CRON_FAILING' => ['cron.run', 2, ['success' => false]],
        'SIGNAL_ACCESS_DENIED_PROBE' => ['access.denied', 10, []],
        'SIGNAL_ERROR_DISPLAY_ON' => ['config.save', 1, ['config_name' => 'system.logging']],
        'SIGNAL_EXECUTABLE_UPLOADED' => ['file.uploaded', 1, ['extension' => 'php']],
        'SIGNAL_SECURITY_UPDATE' => ['update.available', 1, ['project' => 'drupal', 'security' => true]],
    ];
    $wrong = [];
    foreach ($wanted as $rule => [$type, $least, $labels]) {
        $alerts = [];
        for ($until = time() + 120; time() < $until && !$alerts; $alerts || usleep(200_000)) {
            $alerts = ask($facts, "/alerts?state=all&rule=$rule&limit=100");
        }
        if (count($alerts) !== 1 || $alerts[0]['site'] !== $facts['gateway']['token'] || $alerts[0]['state'] !== 'firing') {
            $wrong[] = "$rule: " . (count($alerts) === 1 ? json_encode($alerts[0]) : count($alerts) . ' alerts');
            continue;
        }
        $signals = [];
        foreach (ask($facts, "/alerts/{$alerts[0]['id']}/evidence")['findings'] as $finding) {
            foreach (ask($facts, "/findings/{$finding['id']}")['evidence'] as $sequence) {
                $signal = ask($facts, '/signals?limit=1&before_seq=' . ($sequence + 1))[0];
                if ($signal['sequence'] === $sequence && $signal['site']['token'] === $alerts[0]['site']) {
                    $signals[$sequence] = $signal;
                }
            }
        }
        $of_type = array_filter($signals, static fn(array $signal): bool => $signal['type'] === $type);
        $right = array_filter($of_type, static fn(array $signal): bool => array_intersect_key($signal['labels'], $labels) == $labels);
        printf("    %-30s %d hits, evidence: %s\n", $rule, $alerts[0]['hits'], implode(', ', array_map(
            static fn(string $name, int $count): string => "$count $name", array_keys($types = array_count_values(array_column($signals, 'type'))), $types)));
        if (count($of_type) < $least || count($right) !== count($of_type)) {
            $wrong[] = "$rule: " . json_encode(array_values($signals));
        }
    }
    $names = array_column(ask($facts, '/alerts?state=all&limit=100'), 'rule_id');
    echo '    all alerts: ' . implode(', ', array_diff($names, array_keys($wanted))) . " beside these\n";
    if ($wrong) {
        throw new RuntimeException(substr(implode("\n", $wrong), 0, 4000));
    }
}
