<?php

declare(strict_types=1);

// What people do on the site, over HTTP. Throws at the first thing that does not go as it should.
//
//   php scenario.php PART STATE [ARGUMENT]        PART is one of the functions at the end of this file
//
// STATE/scenario.json says where the site is, who has an account and what the gateway gave out. Every visitor writes what the
// site must record of its requests to STATE/requests.jsonl; everything else that must be recorded stands in expected.jsonl.

require __DIR__ . '/visitor.php';

const SETTINGS = '/admin/config/system/logystera';
const WRONG_PASSWORD = 'planted-wrong-password';

[, $part, $state, $argument] = $argv + [3 => ''];
Visitor::$secrets = file_exists("$state/secrets") ? "$state/secrets" : null;
$facts = json_decode(file_get_contents("$state/scenario.json"), true, 16, JSON_THROW_ON_ERROR);
$parts = ['before_connecting', 'connect', 'a_day', 'more_of_the_day', 'faults', 'import_configuration', 'the_rest', 'database_is_gone', 'tabs', 'gateway_is_gone', 'disconnecting_alone', 'connecting_again', 'gateway_is_back', 'automatic', 'count_queries', 'without_extension', 'in_and_out', 'status_report', 'all_off', 'defaults_back', 'one_of_each_group', 'price_lists', 'broken_declarations', 'quiet_pages', 'one_click', 'what_pages_show'];
in_array($part, $parts, true) || throw new InvalidArgumentException("PART is one of " . implode(', ', $parts));
$part($facts, $argument);

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
    $visitor = visitor($facts);
    $visitor->get('/user/login')->expect(200)
        ->submit('user_login_form', ['name' => $account['name'], 'pass' => $account['pass']], 'Log in', $account['uid']);
    return $visitor->expect(303)->follow()->expect(200);
}

function log_out(Visitor $visitor): void
{
    $visitor->get('/user/logout/confirm')->expect(200)->submit('user_logout_confirm', [], 'Log out', null)->expect(303)->follow()->expect(200);
}

function edit(Visitor $visitor, int $uid, array $fields): void
{
    $visitor->get("/user/$uid/edit")->expect(200)->submit('user_form', $fields, 'Save')->expect(303)->follow()->expect(200, 'The changes have been saved.');
}

function secret_is_not_shown(Visitor $visitor, array $gateway): void
{
    if (str_contains($visitor->body, $gateway['secret'])) {
        throw new RuntimeException("the entity secret is in the page {$visitor->path}");
    }
}

// --- parts -----------------------------------------------------------------------------------------------------------

function before_connecting(array $facts): void
{
    [$boss] = $facts['accounts'];
    step('a visitor is kept out of the settings');
    visitor($facts)->get(SETTINGS)->expect(403);

    step('the administrator switches on the advanced signals');
    $admin = log_in($facts, $boss);
    $admin->get(SETTINGS)->expect(200, 'Not connected: nothing leaves this site.');
    $admin->submit('logystera_settings', array_fill_keys([
        'toggles[content][advanced_signals:content_moderation]', 'toggles[configuration][advanced_signals:views_change]',
        'toggles[requests][advanced_signals:api_access]', 'toggles[health][advanced_signals:cache_flush]',
        'toggles[database][advanced_signals:slow_query]', 'toggles[email][advanced_signals:email_sent]',
    ], '1') + ['dispatch[batch_size]' => '25'], 'Save configuration')
        ->expect(303)->follow()->expect(200, 'The configuration options have been saved.');

    step('cron runs while nobody has connected the site');
    visitor($facts)->get("/cron/{$facts['cron_key']}")->expect(204);
    $admin->get('/admin/reports/status')->expect(200, 'Recording, not connected');
}

function connect(array $facts): void
{
    [$boss] = $facts['accounts'];
    $gateway = $facts['gateway'];
    $typed = static fn(string $url): array =>
        ['connection[url]' => $url, 'connection[token]' => $gateway['token'], 'connection[secret]' => $gateway['secret']];
    $admin = log_in($facts, $boss);

    step('a gateway without TLS is refused');
    $admin->get(SETTINGS)->submit('logystera_settings', $typed('http://gateway.example.org'), 'Connect with these credentials')->expect(200, 'https://');
    secret_is_not_shown($admin, $gateway);

    step('the right credentials connect the site, and what was waiting is sent');
    $admin->get(SETTINGS)->submit('logystera_settings', $typed($gateway['url']), 'Connect with these credentials')->expect(303);
    Visitor::$key = 'uid';
    $admin->follow()->expect(200, "The site is connected to {$gateway['url']}.")->expect(200, 'signals were sent.');
    secret_is_not_shown($admin, $gateway);
}

function a_day(array $facts): void
{
    [$boss, $maria] = $facts['accounts'];
    $newcomer = $facts['next_uid'];
    Visitor::$key = 'uid';

    step('failed logins: form, form with an unknown name, JSON, HTTP authentication');
    $stranger = visitor($facts);
    foreach ([$boss['name'], 'nobody at all'] as $name) {
        $stranger->get('/user/login')->submit('user_login_form', ['name' => $name, 'pass' => WRONG_PASSWORD], 'Log in')
            ->expect(200, 'Unrecognized username or password.');
    }
    $stranger->postJson('/user/login?_format=json', ['name' => $maria['name'], 'pass' => WRONG_PASSWORD])->expect(400);
    $stranger->get('/jsonapi/node/page', ['Authorization: Basic ' . base64_encode($maria['name'] . ':' . WRONG_PASSWORD)]);

    step('good logins: a one-time link and JSON; both ways out');
    $guest = visitor($facts);
    $guest->get($facts['login_link'])->expect(302)->follow()->expect(200)
        ->submit('user_pass_reset', [], 'Log in', $maria['uid'])->expect(302)->follow()->expect(200);
    log_out($guest);
    $app = visitor($facts);
    $app->postJson('/user/login?_format=json', ['name' => $maria['name'], 'pass' => $maria['pass']], $maria['uid'])->expect(200);
    $token = json_decode($app->body)->logout_token;
    $app->postJson("/user/logout?_format=json&token=$token", [], null)->expect(204);

    step('configuration saved and deleted');
    $admin = log_in($facts, $boss);
    $admin->get('/admin/config/system/site-information')
        ->submit('system_site_information_settings', ['site_name' => 'planted-site-name', 'site_mail' => 'site@example.org'], 'Save configuration')->expect(303)->follow()->expect(200);
    $admin->get('/admin/config/regional/date-time/formats/manage/long/delete')
        ->submit('date_format_delete_form', [], 'Delete')->expect(303)->follow()->expect(200, 'has been deleted');

    step('an account created, promoted, blocked; it cannot log in; deleted');
    $admin->get('/admin/people/create')->submit('user_register_form', [
        'name' => 'newcomer', 'mail' => 'planted.mail@example.org', 'pass[pass1]' => 'planted-password-1', 'pass[pass2]' => 'planted-password-1',
    ], 'Create new account')->expect(303)->follow()->expect(200, 'Created a new user account');
    edit($admin, $newcomer, ['roles[content_editor]' => 'content_editor']);
    edit($admin, $newcomer, ['status' => '0']);
    edit($admin, $newcomer, ['status' => '1']);
    edit($admin, $newcomer, ['status' => '0']);
    $stranger->get('/user/login')->submit('user_login_form', ['name' => 'newcomer', 'pass' => 'planted-password-1'], 'Log in')->expect(200, 'blocked');
    $stranger->postJson('/user/login?_format=json', ['name' => 'newcomer', 'pass' => 'planted-password-1'])->expect(400);
    $admin->get("/user/$newcomer/cancel")->submit('user_cancel_form', ['user_cancel_method' => 'user_cancel_delete'], 'Confirm')
        ->follow()->expect(200, 'has been deleted');

    step('a module installed and uninstalled');
    $admin->get('/admin/modules')->submit('system_modules', ['modules[inline_form_errors][enable]' => '1'], 'Install')->expect(303)->follow()->expect(200, 'has been installed');
    $admin->get('/admin/modules/uninstall')->submit('system_modules_uninstall', ['uninstall[inline_form_errors]' => '1'], 'Uninstall')->expect(303)->follow()
        ->submit('system_modules_uninstall_confirm_form', [], 'Uninstall')->expect(303)->follow()->expect(200, 'have been uninstalled');

    step('a view saved');
    $admin->get('/admin/structure/views/view/files')->expect(200)->submit('view_edit_form', [], 'Save')->expect(303)->follow()->expect(200, 'has been saved');

    step('an article through moderation: draft, published, a draft of the next version, published');
    $admin->get('/node/add/article')->submit('node_article_form', [
        'title[0][value]' => 'An article', 'body[0][value]' => 'planted-body', 'moderation_state[0][state]' => 'draft',
    ], 'Save')->expect(303)->follow()->expect(200, 'has been created');
    foreach (['published', 'draft', 'published'] as $moderation_state) {
        $admin->get('/node/1/edit')->submit('node_article_edit_form', ['moderation_state[0][state]' => $moderation_state], 'Save')
            ->expect(303)->follow()->expect(200, 'has been updated');
    }

    step('JSON:API, read by a visitor twice (the second time from the page cache) and by an account');
    foreach (['MISS', 'HIT'] as $cache) {
        $stranger->get('/jsonapi/node/article')->expect(200);
        if ($stranger->header('x-drupal-cache') !== $cache) {
            throw new RuntimeException("expected a page cache $cache, got '{$stranger->header('x-drupal-cache')}'");
        }
    }
    $admin->get('/jsonapi/node/article')->expect(200);

    step('all caches flushed, a slow query, pages of the administration');
    $admin->get('/admin/config/development/performance')->submit('system_clear_cache', [], 'Clear all caches')->expect(303)->follow()->expect(200, 'Caches cleared.');
    $admin->get('/logystera-site-test/slow')->expect(200, 'done');
    $admin->get('/admin')->expect(200);
    $admin->get('/admin/content?secret=planted-query-value', ['X-Requested-With: XMLHttpRequest'])->expect(200);
    $admin->agent = 'Agent of ' . str_repeat('many letters ', 40);
    $admin->get("/user/{$maria['uid']}/edit")->expect(200);
    $admin->agent = 'site-visitor/1.0';
    $stranger->get('/admin/people')->expect(403);
    $stranger->get('/nowhere')->expect(404);
}

/** What has no place in the day above: one real cause for each of the other types. */
function more_of_the_day(array $facts): void
{
    [$boss, $maria] = $facts['accounts'];
    Visitor::$key = 'uid';
    $admin = log_in($facts, $boss);
    $stranger = visitor($facts);

    step('passwords forgotten: one message is taken by the mail system, one is not');
    foreach ([$maria['name'], $boss['name']] as $name) {
        $stranger->get('/user/password')->submit('user_pass', ['name' => $name], 'Submit')->expect(303)->follow()->expect(200);
    }

    step('an account locked out by flood control');
    for ($failure = 0; $failure < 6; $failure++) {
        $stranger->get('/user/login')->submit('user_login_form', ['name' => $maria['name'], 'pass' => WRONG_PASSWORD], 'Log in')
            ->expect($failure < 5 ? 200 : 403);
    }

    step('a role given a permission, and a role created and deleted');
    $admin->get('/admin/people/permissions/content_editor')->expect(200)
        ->submit('user_admin_permissions', ['content_editor[administer comments]' => '1'], 'Save permissions')->expect(303)->follow()->expect(200, 'have been saved');
    $admin->get('/admin/people/roles/add')->submit('user_role_form', ['label' => 'Auditor', 'id' => 'auditor'], 'Save')->expect(303)->follow()->expect(200);
    $admin->get('/admin/people/roles/manage/auditor/delete')->submit('user_role_delete_form', [], 'Delete')->expect(303)->follow()->expect(200);

    step('a page created and deleted');
    $admin->get('/node/add/page')->submit('node_page_form', ['title[0][value]' => 'planted-title'], 'Save')->expect(303)->follow()->expect(200, 'has been created');
    $admin->get('/node/2/delete')->submit('node_page_delete_form', [], 'Delete')->expect(303)->follow()->expect(200, 'has been deleted');

    step('a document uploaded, edited and deleted with its file');
    $admin->get('/media/add/document')->expect(200)->submit('media_document_add_form', [
        'files[field_media_document_0]' => new CURLStringFile('planted-content of a file', 'notes.TXT', 'text/plain'),
    ], 'Save')->expect(303)->follow()->expect(200, 'has been created');
    $admin->get('/media/1/edit')->submit('media_document_edit_form', [], 'Save')->expect(303)->follow()->expect(200, 'has been updated');
    $admin->get('/media/1/delete')->submit('media_document_delete_form', [], 'Delete')->expect(303)->follow()->expect(200, 'has been deleted');
    $admin->get('/file/1/delete?destination=/admin/content/files')->expect(200)->submit('file_delete_form', [], 'Delete')->expect(303)->follow()->expect(200);

    step('a theme installed and uninstalled');
    $admin->get('/admin/appearance')->click('#/admin/appearance/install\?theme=stark&#')->expect(302)->follow()->expect(200, 'has been installed');
    $admin->click('#/admin/appearance/uninstall\?theme=stark&#')->expect(302)->follow()->expect(200, 'has been uninstalled');

    step('the configuration exported');
    $admin->get('/admin/config/development/configuration/full/export-download')->expect(200);

    step('maintenance mode on and off');
    foreach (['1', null] as $mode) {
        $admin->get('/admin/config/development/maintenance')
            ->submit('system_site_maintenance_mode', ['maintenance_mode' => $mode], 'Save configuration')->expect(303)->follow()->expect(200);
    }

    step('a visitor kept out twice, the second time by the page cache');
    foreach (['MISS', 'HIT'] as $cache) {
        $stranger->get('/admin/reports/dblog')->expect(403);
        if ($stranger->header('x-drupal-cache') !== $cache) {
            throw new RuntimeException("expected a page cache $cache, got '{$stranger->header('x-drupal-cache')}'");
        }
    }

    step('news of a release');
    $admin->get('/admin/reports/updates')->click('#/admin/reports/updates/check\?#')->follow()->expect(200, 'Security update');
}

/** Code, memory and databases that fail. */
function faults(array $facts): void
{
    Visitor::$key = 'uid';
    $admin = log_in($facts, $facts['accounts'][0]);
    step('a warning, an exception, no memory, a deadlock, a full database, more changes than a request may tell');
    $admin->get('/logystera-site-test/warning')->expect(200, 'done');
    $admin->get('/logystera-site-test/exception')->expect(500);
    $admin->dies = true;
    $admin->get('/logystera-site-test/memory')->expect(500);
    $admin->dies = false;
    $admin->get('/logystera-site-test/deadlock')->expect(200, 'refused');
    $admin->get('/logystera-site-test/diskfull')->expect(200, 'refused');
    $admin->get('/logystera-site-test/restless')->expect(200, 'done');
}

/** The directory of the database is closed: the site cannot even start. */
function database_is_gone(array $facts): void
{
    step('a page while the database cannot be opened');
    $visitor = visitor($facts);
    $visitor->dies = true;
    // Drupal takes it for a site that is not installed yet.
    $visitor->get('/')->expect(302);
}

/** After cli/configuration.php has filled the sync directory. */
function import_configuration(array $facts): void
{
    Visitor::$key = 'uid';
    step('configuration imported: one object changed, one deleted, one new, a module installed');
    $admin = log_in($facts, $facts['accounts'][0]);
    $admin->get('/admin/config/development/configuration')->expect(200)
        ->submit('config_admin_import_form', [], 'Import all')->follow()->expect(200, 'The configuration was imported successfully.');
}

function the_rest(array $facts): void
{
    Visitor::$key = 'uid';
    step('cron, over HTTP');
    visitor($facts)->get("/cron/{$facts['cron_key']}")->expect(204);
}

/** The pages of the administration: who may see them, and what they say. */
function tabs(array $facts): void
{
    Visitor::$key = 'uid';
    [$boss, , $viewer] = $facts['accounts'];
    $pages = ['' => 'Save configuration', '/status' => 'Waiting in the buffer', '/events' => 'Recorded signals, newest first',
        '/ingest-logs' => 'The last requests to the gateway', '/debug' => 'Report to copy', '/support' => 'this text is sent as shown'];
    $admin = log_in($facts, $boss);

    step('six tabs, for whom they are meant');
    foreach ($pages as $page => $text) {
        $admin->get(SETTINGS . $page)->expect(200);
        $found = str_contains($admin->body, $text) || str_contains($admin->text(), $text);
        $tabs = array_filter(array_keys($pages), static fn(string $tab): bool => str_contains($admin->body, 'href="' . SETTINGS . $tab . '"'));
        if (!$found || count($tabs) !== count($pages)) {
            throw new RuntimeException(SETTINGS . "$page lacks '$text' or a tab");
        }
        secret_is_not_shown($admin, $facts['gateway']);
        visitor($facts)->get(SETTINGS . $page)->expect(403);
    }
    $other = log_in($facts, $viewer);
    may_see($other, $pages, []);
    permit($admin, 'flush logystera buffer');
    may_see($other, $pages, ['/status']);
    $other->get(SETTINGS . '/status')->expect(200, 'Waiting in the buffer')->submit('logystera_status', [], 'Flush Now')->expect(303)->follow()->expect(200, 'sent.');
    permit($admin, 'view logystera events');
    may_see($other, $pages, ['/status', '/events', '/ingest-logs']);

    step('events: filters in the address, pages, one event, what was typed is no markup');
    visitor($facts)->get('/user/login')->submit('user_login_form', ['name' => '<b id="x">&amp;planted', 'pass' => WRONG_PASSWORD], 'Log in')->expect(200);
    for ($request = 0; $request < 55; $request++) {
        $other->get('/jsonapi');
    }
    $other->get(SETTINGS . '/events')->expect(200, 'signals match the filter.')->submit('logystera_event_filter', ['type' => 'auth.login_failed', 'text' => 'planted'], 'Filter')
        ->expect(303)->follow()->expect(200, '1 signal matches the filter.')->expect(200, 'A login as "<b id="x">&amp;planted" from ');
    if (!str_contains($other->path, 'type=auth.login_failed') || str_contains($other->body, '<b id="x">')) {
        throw new RuntimeException("the filter is not in {$other->path}, or the name is markup");
    }
    $other->click('#/events/[0-9a-f-]{36}$#')->expect(200, '"event_type": "auth.login_failed"');
    $other->get(SETTINGS . '/events?type=http.request&page=1')->expect(200, 'http.request');
    $rows = substr_count($other->body, 'Payload of http.request');
    $other->get(SETTINGS . '/events?type=http.request')->expect(200);
    if ($rows < 5 || substr_count($other->body, 'Payload of http.request') !== 50) {
        throw new RuntimeException("the second page has $rows rows, the first " . substr_count($other->body, 'Payload of http.request'));
    }
    $other->get(SETTINGS . '/events?severity=critical&delivery=waiting')->expect(200, 'No signal matches the filter.');
    $other->get(SETTINGS . '/events?since=2999-01-01')->expect(200, 'No signal matches the filter.');
    $other->get(SETTINGS . '/events?until=2001-01-01')->expect(200, 'No signal matches the filter.');
    $other->get(SETTINGS . '/events?type[]=x&since=yesterday&page=-7&severity=' . str_repeat('x', 500))->expect(200, 'signals match the filter.');
    $other->get(SETTINGS . '/events?type=no.such')->expect(200, 'No signal matches the filter.');
    $other->get(SETTINGS . '/events/00000000-0000-4000-8000-000000000000')->expect(404);

    step('exports of what fits');
    $other->get(SETTINGS . '/events/export/json?type=auth.login_failed&delivery=waiting')->expect(200);
    $exported = json_decode($other->body, true, 16, JSON_THROW_ON_ERROR);
    $names = array_map(static fn(array $event): string => $event['labels']['username'], $exported);
    if ($names !== ['<b id="x">&amp;planted']) {
        throw new RuntimeException('exported: ' . json_encode($names));
    }
    $other->get(SETTINGS . '/events/export/csv?type=http.request')->expect(200);
    $lines = array_map(static fn(string $line): array => str_getcsv($line, ',', '"', ''), explode("\n", trim($other->body)));
    if (count($lines) < 56 || $lines[0] !== ['time', 'type', 'severity', 'event_id', 'labels'] || array_unique(array_column(array_slice($lines, 1), 1)) !== ['http.request']) {
        throw new RuntimeException('exported: ' . substr($other->body, 0, 300));
    }
    $other->get(SETTINGS . '/events/export/xml')->expect(404);
    $other->get(SETTINGS . '/events/export/json?text=no-such-thing')->expect(200);
    if (json_decode($other->body) !== []) {
        throw new RuntimeException("an empty export is {$other->body}");
    }

    step('flush now, a test signal, and what the requests to the gateway were');
    $admin->get(SETTINGS . '/status')->submit('logystera_status', [], 'Flush Now')->expect(303)->follow()->expect(200, 'signals were sent.')->expect(200, 'Connected');
    $admin->submit('logystera_status', [], 'Send test signal')->expect(303)->follow()->expect(200, 'sent.');
    $admin->get(SETTINGS . '/ingest-logs')->expect(200, '202')->expect(200, 'Yes');

    step('diagnostics without a secret, a token or the whole address');
    foreach (['/debug', '/support'] as $page) {
        $admin->get(SETTINGS . $page)->expect(200, 'events_sent')->expect(200, PHP_VERSION);
        preg_match('#<(textarea|pre)[^>]*logystera-(report|code).*?</\1>#s', $admin->body, $report);
        foreach ([$facts['gateway']['token'], $facts['gateway']['secret'], $facts['gateway']['url']] as $private) {
            if (str_contains($admin->body, $private)) {
                throw new RuntimeException("$private is on $page");
            }
        }
        // The page itself names the account to its scripts, as every page of Drupal does.
        if (strlen($report[0] ?? '') < 500 || str_contains($report[0], (string) $boss['uid'])) {
            throw new RuntimeException("the report on $page names an account, or is none");
        }
    }
    $admin->get(SETTINGS . '/privacy')->expect(200, "This site is connected to {$facts['gateway']['url']}.")->expect(200, 'What is never recorded')->expect(200, 'auth.login_failed');
    $admin->get('/admin/help/logystera')->expect(200, 'online documentation for the Logystera module');
    $admin->get('/admin/reports/status')->expect(200, 'Recording and connected')->expect(200, 'Sending works');
}

function permit(Visitor $admin, string $permission): void
{
    $admin->get('/admin/people/permissions/content_editor')->expect(200)
        ->submit('user_admin_permissions', ["content_editor[$permission]" => '1'], 'Save permissions')->expect(303)->follow()->expect(200, 'have been saved');
}

function may_see(Visitor $visitor, array $pages, array $allowed): void
{
    foreach (array_keys($pages) as $page) {
        $visitor->get(SETTINGS . $page)->expect(in_array($page, $allowed, true) ? 200 : 403);
    }
}

function gateway_is_gone(array $facts): void
{
    Visitor::$key = 'uid';
    step('the gateway does not answer: the pages say so');
    $admin = log_in($facts, $facts['accounts'][0]);
    $admin->get(SETTINGS . '/status')->submit('logystera_status', [], 'Flush Now')->expect(303)->follow()
        ->expect(200, 'Not everything could be sent')->expect(200, 'Waiting until')->expect(200, 'What to do');
    $admin->get(SETTINGS . '/ingest-logs')->expect(200, 'none')->expect(200, 'No');
    $admin->get('/admin/reports/status')->expect(200, '1 failure');
}

/** The gateway does not answer, and the site is disconnected all the same; asking for help says why it cannot. */
function disconnecting_alone(array $facts): void
{
    Visitor::$key = 'uid';
    step('a request for help that cannot be sent is not lost, and is not sent for ever');
    $admin = log_in($facts, $facts['accounts'][0]);
    $admin->get(SETTINGS)->submit('logystera_settings', [], 'Test the connection')->expect(303)->follow()->expect(200, 'The test failed:');
    $admin->get(SETTINGS . '/support')->submit('logystera_support', ['message' => 'Help', 'email' => 'nobody'], 'Send')->expect(200, 'nobody');
    for ($request = 0; $request < 5; $request++) {
        $admin->get(SETTINGS . '/support')->submit('logystera_support', ['message' => 'Help is needed', 'attach' => '1'], 'Send')
            ->expect(200, 'Your request was not sent:')->expect(200, 'Help is needed');
    }
    $admin->get(SETTINGS . '/support')->submit('logystera_support', ['message' => 'Help'], 'Send')->expect(200, 'You have sent 5 requests within the last hour.');

    step('the site is disconnected, and says what is left to do at the gateway');
    $admin->get(SETTINGS . '/disconnect')->submit('logystera_disconnect', [], 'Disconnect')->expect(303)->follow()
        ->expect(200, 'The site is disconnected.')->expect(200, 'The gateway did not confirm the disconnection:')->expect(200, 'Revoke the secret of this site there')
        ->expect(200, 'Not connected: nothing leaves this site.');
    $admin->get(SETTINGS . '/support')->expect(200, 'This site is not connected, so no request can be sent.');
    $admin->get(SETTINGS . '/status')->expect(200, 'Not connected');
}

/** The gateway is back: credentials are tested before they are used. */
function connecting_again(array $facts): void
{
    Visitor::$key = 'uid';
    step('credentials tested and not stored, wrong ones and right ones; then used');
    $admin = log_in($facts, $facts['accounts'][0]);
    $typed = static fn(string $secret): array =>
        ['connection[url]' => $facts['gateway']['url'], 'connection[token]' => $facts['gateway']['token'], 'connection[secret]' => $secret];
    $admin->get(SETTINGS)->submit('logystera_settings', $typed(str_repeat('planted-wrong', 4)), 'Test these credentials')->expect(200, 'The test failed:');
    $admin->get(SETTINGS)->submit('logystera_settings', $typed($facts['gateway']['secret']), 'Test these credentials')
        ->expect(200, 'The gateway answers and knows this site.')->expect(200, 'Not connected: nothing leaves this site.');
    secret_is_not_shown($admin, $facts['gateway']);
    $admin->get(SETTINGS)->submit('logystera_settings', $typed($facts['gateway']['secret']), 'Connect with these credentials')->expect(303)
        ->follow()->expect(200, 'signals were sent.');
    $admin->submit('logystera_settings', [], 'Test the connection')->expect(303)->follow()->expect(200, 'The gateway answers and knows this site.');
}

function gateway_is_back(array $facts): void
{
    Visitor::$key = 'uid';
    step('the gateway is back, and nobody wants to wait');
    $admin = log_in($facts, $facts['accounts'][0]);
    $admin->get(SETTINGS . '/status')->submit('logystera_status', [], 'Try again now')->expect(303)->follow()->expect(200, 'signals were sent.')->expect(200, 'Ready');
}

/** Pages send by themselves: switches that on, waits for it, and switches it off again. */
function automatic(array $facts): void
{
    global $state;
    Visitor::$key = 'uid';
    step('signals sent after a page');
    $admin = log_in($facts, $facts['accounts'][0]);
    $mode = static fn(string $mode): Visitor => $admin->get(SETTINGS)
        ->submit('logystera_settings', ['dispatch[dispatch_mode]' => $mode], 'Save configuration')->expect(303)->follow()->expect(200, 'have been saved');
    $mode('auto');
    $admin->get('/admin')->expect(200);
    // The one worker there is takes the next request when it has sent.
    $admin->get(SETTINGS . '/status')->expect(200);
    if (preg_match('/Waiting in the buffer (\d+) signal/', $admin->text(), $m) !== 1 || $m[1] > 4) {
        throw new RuntimeException('still waiting: ' . ($m[0] ?? $admin->text()));
    }

    step('cron leaves sending to the relay when told to');
    $mode('relay');
    visitor($facts)->get("/cron/{$facts['cron_key']}")->expect(204);
    $admin->get(SETTINGS . '/events?type=cron.run&delivery=waiting')->expect(200, '1 signal matches the filter.');
    $mode('cron');
}

/** The queries of two warm pages, with the module and without it: the site writes them to its temporary directory. */
function count_queries(array $facts, string $name): void
{
    Visitor::$key = 'uid';
    step("queries of the front page and of a list, $name");
    $admin = log_in($facts, $facts['accounts'][0]);
    foreach (['front' => '/', 'list' => '/admin/content'] as $page => $path) {
        for ($warm = 0; $warm < 3; $warm++) {
            $admin->get($path)->expect(200);
        }
        $admin->get($path, ["X-Count-Queries: $page$name"])->expect(200);
    }
}

/** A server without the extension: pages work, and the administrator is told. */
function without_extension(array $facts): void
{
    step('pages, a login and the settings without the extension');
    visitor($facts)->get('/')->expect(200);
    $admin = log_in($facts, $facts['accounts'][0]);
    $admin->get('/admin/reports/status')->expect(200, 'The PHP extension "logystera" is not loaded');
    $admin->get(SETTINGS)->expect(200, 'The PHP extension "logystera" is not loaded')
        ->submit('logystera_settings', ['dispatch[batch_size]' => '50'], 'Save configuration')->expect(303)->follow()->expect(200, 'have been saved');
    $admin->get('/node/1')->expect(200);
}

/** An administrator logs in and out. */
function in_and_out(array $facts): void
{
    log_out(log_in($facts, $facts['accounts'][0]));
}

/** The status report, which has to say that. */
function status_report(array $facts, string $text): void
{
    step("the status report says: $text");
    log_in($facts, $facts['accounts'][0])->get('/admin/reports/status')->expect(200, $text);
}

/** The checkboxes of the settings on the page just fetched: the configuration key by the name of the field. */
function toggles(Visitor $admin): array
{
    preg_match_all('/<input[^>]* name="(toggles\[[a-z_]+\]\[([a-z_:]+)\])"/', html_entity_decode($admin->body), $found);
    return array_map(static fn(string $key): string => strtr($key, ':', '.'), array_combine($found[1], $found[2]));
}

function set_toggles(Visitor $admin, callable $wanted): void
{
    $admin->get(SETTINGS)->expect(200);
    $fields = array_map(static fn(string $key): ?string => $wanted($key) ? '1' : null, toggles($admin));
    if (count($fields) < 40) {
        throw new RuntimeException('the settings have only ' . count($fields) . ' toggles');
    }
    $admin->submit('logystera_settings', $fields, 'Save configuration')->expect(303)->follow()->expect(200, 'have been saved');
}

/** Every signal switched off by form. */
function all_off(array $facts): void
{
    step('the administrator switches every signal off');
    set_toggles(log_in($facts, $facts['accounts'][0]), static fn(string $key): bool => false);
}

/** Every signal as it is from the start. */
function defaults_back(array $facts): void
{
    step('the administrator switches on what is on from the start');
    set_toggles(log_in($facts, $facts['accounts'][0]), static fn(string $key): bool => !str_starts_with($key, 'advanced_signals.'));
}

/** A cause of at least one signal of every group, and of each that is off from the start. */
function one_of_each_group(array $facts): void
{
    [$boss, $maria] = $facts['accounts'];
    $stranger = visitor($facts);
    step('one of each group');
    $stranger->get('/user/login')->submit('user_login_form', ['name' => $boss['name'], 'pass' => WRONG_PASSWORD], 'Log in')->expect(200, 'Unrecognized');
    $admin = log_in($facts, $boss);
    edit($admin, $maria['uid'], ['roles[content_editor]' => 'content_editor']);
    $admin->get('/admin/config/system/site-information')->submit('system_site_information_settings', ['site_name' => 'Once more'], 'Save configuration')->expect(303)->follow();
    $admin->get('/node/add/page')->submit('node_page_form', ['title[0][value]' => 'planted-title'], 'Save')->expect(303)->follow()->expect(200, 'has been created');
    $admin->get('/admin/modules')->submit('system_modules', ['modules[ban][enable]' => '1'], 'Install')->expect(303)->follow()->expect(200, 'has been installed');
    $admin->get('/media/add/document')->expect(200)->submit('media_document_add_form', [
        'files[field_media_document_0]' => new CURLStringFile('planted-content of a file', 'more.txt', 'text/plain'),
    ], 'Save')->expect(303)->follow()->expect(200, 'has been created');
    $admin->get(SETTINGS)->submit('logystera_settings', ['dispatch[batch_size]' => '50'], 'Save configuration')->expect(303)->follow()->expect(200, 'have been saved');
    $admin->get('/logystera-site-test/warning')->expect(200, 'done');
    $admin->get('/logystera-site-test/deadlock')->expect(200, 'refused');
    $stranger->get('/user/password')->submit('user_pass', ['name' => $boss['name']], 'Submit')->expect(303)->follow()->expect(200);
    $stranger->get("/cron/{$facts['cron_key']}")->expect(204);

    step('each that is off from the start');
    $admin->get('/admin/structure/views/view/files')->expect(200)->submit('view_edit_form', [], 'Save')->expect(303)->follow()->expect(200, 'has been saved');
    $admin->get('/node/1/edit')->submit('node_article_edit_form', ['moderation_state[0][state]' => 'draft'], 'Save')->expect(303)->follow()->expect(200, 'has been updated');
    $admin->get('/jsonapi/node/article')->expect(200);
    $admin->get('/admin/config/development/performance')->submit('system_clear_cache', [], 'Clear all caches')->expect(303)->follow()->expect(200, 'Caches cleared.');
    $admin->get('/logystera-site-test/slow')->expect(200, 'done');
    edit($admin, $maria['uid'], ['status' => '0']);
    edit($admin, $maria['uid'], ['status' => '1']);
}

/** The signals of the example module: in the settings, recorded up to their cap, among the events, switched off. */
function price_lists(array $facts): void
{
    step('signals of another module');
    visitor($facts)->get('/price-lists/bolts')->expect(200, 'M4,0.08');
    $admin = log_in($facts, $facts['accounts'][0]);
    $admin->get(SETTINGS)->expect(200, 'price_list.downloaded')->expect(200, 'Somebody asked for a price list that there is not.');
    if (!in_array('signals.price_list_downloaded', toggles($admin), true)) {
        throw new RuntimeException('the example has no toggle');
    }
    $admin->get('/price-lists/nuts')->expect(200, 'M4,0.03');
    $admin->get('/price-lists')->expect(200, 'M4,0.01');
    $admin->get('/price-lists/planted.mail@example.org')->expect(404);
    $admin->get(SETTINGS . '/events?type=price_list.downloaded')->expect(200, '4 signals match the filter.')->expect(200, "name='bolts', size_bytes=16");
    $admin->click('#/events/[0-9a-f-]{36}$#')->expect(200, 'Somebody downloaded a price list.')->expect(200, 'price_list.downloaded');
    $admin->get(SETTINGS . '/privacy')->expect(200, 'Somebody downloaded a price list. – actor_uid name, size_bytes, note');
    set_toggles($admin, static fn(string $key): bool => $key !== 'signals.price_list_downloaded' && !str_starts_with($key, 'advanced_signals.'));
    $admin->get('/price-lists/bolts')->expect(200);
    $admin->get('/price-lists/planted.mail@example.org')->expect(404);
    $admin->get(SETTINGS . '/events?type=price_list.downloaded')->expect(200, '4 signals match the filter.');
}

/** Declarations that cannot be: pages work, everything else is recorded, and the status report names each. */
function broken_declarations(array $facts): void
{
    step('declarations that cannot be');
    visitor($facts)->get('/price-lists/planted-unusual')->expect(404);
    $admin = log_in($facts, $facts['accounts'][0]);
    foreach (["not 'password'", "cap of 'broken.cap' must be 1 to 200", "signal 'auth.login': is declared already", 'UnreadableSignals'] as $problem) {
        $admin->get('/admin/reports/status')->expect(200, $problem);
    }
}

/** Everything a site does of itself and everybody may look at, before it is connected. */
function quiet_pages(array $facts): void
{
    step('pages, forms, all tabs, cron, and pages that send, while nobody has connected the site');
    $stranger = visitor($facts);
    foreach (['/', '/user/login', '/user/password', '/nowhere', '/admin', '/jsonapi'] as $path) {
        $stranger->get($path);
    }
    $stranger->get('/user/login')->submit('user_login_form', ['name' => 'nobody', 'pass' => WRONG_PASSWORD], 'Log in')->expect(200);
    $admin = log_in($facts, $facts['accounts'][0]);
    $admin->get(SETTINGS)->submit('logystera_settings', ['dispatch[dispatch_mode]' => 'auto'], 'Save configuration')->expect(303)->follow()->expect(200, 'have been saved');
    foreach (['', '/status', '/events', '/ingest-logs', '/debug', '/support'] as $tab) {
        $admin->get(SETTINGS . $tab)->expect(200);
    }
    $admin->get('/admin/reports/status')->expect(200, 'not connected');
    $admin->get('/logystera-site-test/warning')->expect(200);
    $stranger->get("/cron/{$facts['cron_key']}")->expect(204);
    $admin->get(SETTINGS)->submit('logystera_settings', ['dispatch[dispatch_mode]' => 'cron'], 'Save configuration')->expect(303)->follow()->expect(200, 'have been saved');
}

/**
 * The site is disconnected, and connected again by one click: a person signs in at the gateway and allows it. Then somebody asks
 * for help. All that passes on the way (session, code, state, form tokens) is kept as secret.
 */
function one_click(array $facts, string $password): void
{
    Visitor::$key = 'uid';
    step('disconnected, and connected again by one click');
    $admin = log_in($facts, $facts['accounts'][0]);
    $admin->get(SETTINGS . '/disconnect')->submit('logystera_disconnect', [], 'Disconnect')->expect(303)->follow()->expect(200, 'The site is disconnected.');
    $asked = $admin->get(SETTINGS)->submit('logystera_settings', ['connection[gateway]' => $facts['gateway']['url']], 'Connect')->header('location');
    str_starts_with($asked, "{$facts['gateway']['url']}/oauth/authorize?") || throw new RuntimeException("the site asks at '$asked'");
    $back = allowed_at_the_gateway($facts['gateway']['url'], $asked, $password);
    foreach ([$asked, $back] as $url) {
        parse_str(parse_url($url, PHP_URL_QUERY), $arguments);
        foreach (array_intersect_key($arguments, ['state' => 1, 'code' => 1]) as $name => $value) {
            Visitor::keepSecret($name, $value);
        }
    }
    str_starts_with($back, $facts['site'] . SETTINGS . '/connected?') || throw new RuntimeException("the gateway sends back to '$back'");
    $admin->get(substr($back, strlen($facts['site'])))->expect(303)->follow()->expect(200, "The site is connected to {$facts['gateway']['url']}.")
        ->expect(200, 'signals were sent.');
    $admin->get(substr($back, strlen($facts['site'])))->expect(303)->follow()->expect(200);

    step('help is asked for, with diagnostics');
    $admin->get(SETTINGS . '/support')->submit('logystera_support', ['message' => 'Help is needed.', 'attach' => '1'], 'Send')->expect(303)->follow()
        ->expect(200, 'Your request was sent.');
}

/** What a person does there who comes with the site's request and allows it: where the gateway sends the browser then. */
function allowed_at_the_gateway(string $gateway, string $asked, string $password): string
{
    $curl = curl_init();
    $session = '';
    $request = static function (string $url, ?array $form = null) use ($curl, $gateway, &$session): array {
        $headers = [];
        curl_setopt_array($curl, [
            CURLOPT_URL => str_starts_with($url, '/') ? $gateway . $url : $url,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_COOKIEFILE => '',
            CURLOPT_TIMEOUT => 60,
            CURLOPT_HEADERFUNCTION => static function ($curl, string $line) use (&$headers): int {
                [$name, $value] = explode(':', $line, 2) + [1 => ''];
                $headers[strtolower(trim($name))] = trim($value);
                if (preg_match('/^set-cookie:\s*[\w-]+=([^;]{20,})/i', $line, $cookie)) {
                    Visitor::keepSecret('~session at the gateway', urldecode($cookie[1]));
                }
                return strlen($line);
            },
        ] + ($form === null ? [CURLOPT_HTTPGET => true] : [CURLOPT_POSTFIELDS => http_build_query($form)]));
        $body = curl_exec($curl);
        $body !== false || throw new RuntimeException("$url: " . curl_error($curl));
        preg_match_all('/<input type="hidden" name="(\w+)" value="([^"]*)">/', (string) strstr($body, '<footer>', true) ?: $body, $fields);
        return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $headers['location'] ?? '', array_combine($fields[1], array_map(html_entity_decode(...), $fields[2]))];
    };
    $follow = static function (array $answer) use ($request): array {
        for ($hops = 0; $answer[0] === 303 && $hops < 5; $hops++) {
            $answer = $request($answer[1]);
        }
        return $answer;
    };
    [$status, , $fields] = $follow($request($asked));
    $status === 200 && isset($fields['csrf']) || throw new RuntimeException("the gateway's login answers $status");
    Visitor::keepSecret('~token', $fields['csrf']);
    [$status, , $fields] = $follow($request('/login', ['name' => 'operator', 'password' => $password] + $fields));
    $status === 200 && isset($fields['request']) || throw new RuntimeException("the gateway's consent page answers $status");
    Visitor::keepSecret('~token', $fields['csrf']);
    [$status, $back] = $request('/oauth/authorize', ['decision' => 'allow'] + $fields);
    $status === 303 || throw new RuntimeException("the gateway answers the consent with $status");
    return $back;
}

/** Pages of the module as files in STATE/pages, other pages of the same session in STATE/other-pages. */
function what_pages_show(array $facts): void
{
    global $state;
    // This session's own cookie and tokens are in its own pages, as in every page of Drupal.
    Visitor::$secrets = null;
    $admin = log_in($facts, $facts['accounts'][0]);
    $keep = static fn(string $directory, string $name): int|false => file_put_contents("$state/$directory/$name", $admin->body);
    step('other pages of the site');
    foreach (['/admin', '/admin/config', '/admin/help', '/admin/config/development/performance'] as $number => $path) {
        $admin->get($path)->expect(200);
        $keep('other-pages', "$number.html");
    }
    step('the six tabs, events one by one, exports, help, diagnostics, phpinfo');
    foreach (['', '/status', '/ingest-logs', '/debug', '/support', '/disconnect'] as $tab) {
        $admin->get(SETTINGS . $tab)->expect(200);
        $keep('pages', 'tab' . strtr($tab, '/', '-') . '.html');
    }
    $payloads = [];
    for ($page = 0; $page < 100; $page++) {
        $admin->get(SETTINGS . "/events?page=$page")->expect(200);
        $keep('pages', "events-$page.html");
        if (!preg_match_all('#href="([^"]*/events/[0-9a-f-]{36})" aria-label="Payload of ([a-z_.]+)"#', $admin->body, $rows)) {
            break;
        }
        // One of each type.
        $payloads += array_combine($rows[2], $rows[1]);
    }
    foreach ($payloads as $type => $path) {
        $admin->get($path)->expect(200, $type);
        $keep('pages', "payload-$type.html");
    }
    foreach (['json', 'csv'] as $format) {
        $admin->get(SETTINGS . "/events/export/$format")->expect(200);
        $keep('pages', "export.$format");
    }
    printf("    %d pages of events, %d types, %d bytes exported\n", $page, count($payloads), strlen($admin->body));
    $page > 3 && count($payloads) > 30 || throw new RuntimeException('the buffer holds too little to be a test');
    $admin->get('/admin/help/logystera')->expect(200);
    $keep('pages', 'help.html');
    $admin->get('/admin/reports/status/php')->expect(200);
    preg_match('#<a name="module_logystera".*?(?=<h2>|</body>)#s', substr($admin->body, 0), $section) || throw new RuntimeException('phpinfo does not know the extension');
    file_put_contents("$state/pages/phpinfo.html", $section[0]);

    step('the configuration exported');
    $admin->get('/admin/config/development/configuration/full/export-download')->expect(200);
    $keep('export', 'config.tar.gz');
}
