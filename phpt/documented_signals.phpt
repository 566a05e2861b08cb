--TEST--
Each of the 18 documented signals records exactly its labels, up to exactly its cap, and is on or off by default as documented
--EXTENSIONS--
logystera
--INI--
logystera.warn=0
--FILE--
<?php
require __DIR__ . '/include.inc';

use Logystera\Agent\Recorder;

const KEY = 'a key of the test suite';
$hash = hash_hmac('sha256', '42', KEY);
$actor = hash_hmac('sha256', '7', KEY);
// type => [config key, on by default, cap per request, labels in order: given and expected]
$same = static fn (mixed $value): array => [$value, $value];
$documented = [
    'config.save' => ['signals.config_save', true, 50, ['config_name' => $same('system.site'), 'category' => $same('system'),
        'change_type' => $same('update'), 'actor_uid' => [7, $actor]]],
    'config.delete' => ['signals.config_delete', true, 20, ['config_name' => $same('field.field.node.article.body'),
        'category' => $same('field'), 'change_type' => $same('delete'), 'actor_uid' => ['7', $actor]]],
    'config.import' => ['signals.config_import', true, 5, ['actor_uid' => [7, $actor], 'change_type' => $same('import')]],
    'auth.login' => ['signals.auth_login', true, 1, ['uid' => [42, $hash], 'ip' => $same('192.168.1.100'),
        'roles' => $same(['authenticated', 'administrator'])]],
    'auth.login_failed' => ['signals.auth_login_failed', true, 50, ['username' => $same('admin'), 'ip' => $same('192.168.1.100')]],
    'auth.logout' => ['signals.auth_logout', true, 1, ['uid' => ['42', $hash]]],
    'user.created' => ['signals.user_created', true, 10, ['uid' => [42, $hash], 'roles' => $same(['authenticated']),
        'actor_uid' => [7, $actor]]],
    'user.role_changed' => ['signals.user_updated', true, 20, ['uid' => [42, $hash], 'roles_before' => $same(['authenticated']),
        'roles_after' => $same(['authenticated', 'editor']), 'roles_added' => $same(['editor']), 'roles_removed' => $same([]),
        'actor_uid' => [7, $actor]]],
    'user.blocked' => ['signals.user_updated', true, 10, ['uid' => [42, $hash], 'actor_uid' => [7, $actor]]],
    'user.deleted' => ['signals.user_deleted', true, 10, ['uid' => [42, $hash], 'actor_uid' => [7, $actor]]],
    'module.install' => ['signals.module_install', true, 20, ['module' => $same('views_ui'), 'is_syncing' => $same(false),
        'actor_uid' => [7, $actor]]],
    'module.uninstall' => ['signals.module_uninstall', true, 20, ['module' => $same('views_ui'), 'is_syncing' => $same(true),
        'actor_uid' => [7, $actor]]],
    'http.request' => ['signals.page_visit', true, 1, ['method' => $same('GET'), 'path' => $same('/admin/content'),
        'status_code' => $same(200), 'ip' => $same('192.168.1.100'), 'is_admin' => $same(true), 'is_ajax' => $same(false),
        'actor_uid' => [7, $actor], 'ua' => $same('Mozilla/5.0 (Windows NT 10.0; Win64; x64)')]],
    'content.moderation' => ['advanced_signals.content_moderation', false, 20, ['entity_type' => $same('node'),
        'entity_id' => ['42', '42'], 'bundle' => $same('article'), 'label' => $same('My Article Title'),
        'old_state' => $same('draft'), 'new_state' => $same('published'), 'actor_uid' => [7, $actor]]],
    'views.change' => ['advanced_signals.views_change', false, 20, ['config_name' => $same('views.view.content'),
        'view_id' => $same('content'), 'change_type' => $same('update'), 'actor_uid' => [7, $actor]]],
    'api.access' => ['advanced_signals.api_access', false, 50, ['method' => $same('GET'), 'path' => $same('/jsonapi/node/article'),
        'status_code' => $same(200), 'ip' => $same('192.168.1.100'), 'actor_uid' => [7, $actor]]],
    'cache.flush' => ['advanced_signals.cache_flush', false, 5, ['actor_uid' => [7, $actor]]],
    'db.slow_query' => ['advanced_signals.slow_query', false, 20, ['query' => $same('SELECT n.nid FROM {node} n WHERE ...'),
        'time_ms' => $same(1523.4), 'caller' => $same('Drupal\\node\\NodeStorage::loadMultiple')]],
];
same(18, count($documented), 'documented signals');

// What the catalogue says of them.
$catalogue = array_column(Recorder::signals(), null, 'type');
same(array_keys($documented), array_keys(array_filter($catalogue, static fn (array $signal): bool => $signal['documented'])),
    'the documented ones, in order');
foreach ($documented as $type => [$key, $on, $cap, $labels]) {
    $signal = $catalogue[$type];
    same([$key, $on, $cap, array_keys($labels)],
        [$signal['config_key'], $signal['default'], $signal['cap'], array_column($signal['labels'], 'name')], "$type: catalogue");
    holds($signal['summary'] !== '' && $signal['group'] !== '', "$type: has words");
}

foreach ($documented as $type => [$key, $on, $cap, $labels]) {
    $directory = scratch(strtr($type, '._', '--'));
    $default = new Recorder($directory, ['uid_key' => KEY]);
    same($on, $default->wants($type), "$type: wanted by default");
    if (!$on) {
        same(false, $default->record($type, []), "$type: off is not recorded");
        same([], $default->stats()['dropped'], "$type: off is no drop");
    }
    $recorder = new Recorder($directory, ['uid_key' => KEY, 'enabled' => [$type]]);
    $given = array_map(static fn (array $pair): mixed => $pair[0], $labels);
    // Backwards and with strangers between: every label has its place, whatever the order, and no other gets in.
    $given = array_reverse($given, true);
    $mixed = ['password' => 'hunter2', ...$given, 'value' => 1, 'Uid' => 'x', '' => 'y', 'nid' => 3];
    for ($i = 0; $i < $cap; ++$i) {
        same(true, $recorder->record($type, $mixed), "$type: event $i of $cap");
    }
    same(false, $recorder->record($type, $mixed), "$type: one more than $cap");
    same(['cap_type' => 1], $recorder->stats()['dropped'], "$type: the drop is counted");
    same(5 * $cap, $recorder->stats()['labels_dropped'], "$type: labels of strangers are counted");
    same($cap, $recorder->commit(), "$type: committed");
    $events = events($directory);
    same($cap, count($events), "$type: in the buffer");
    $expected = array_map(static fn (array $pair): mixed => $pair[1], $labels);
    foreach ($events as $event) {
        ksort($event['labels']);
        ksort($expected);
        same([$type, $expected], [$event['event_type'], $event['labels']], "$type: the labels");
    }
}
done();
?>
--EXPECT--
822 checks made
