#!/usr/bin/env bash
# 80: a real Drupal site under nginx and PHP-FPM: what people do there reaches the gateway, each event once
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal
source "$root/tests/e2e/drupal/site.sh"

# The account ids of the scenario; expected.jsonl names them too.
readonly boss_uid=918273645 maria_uid=918273646 next_uid=918273647 viewer_uid=918273640
# One worker: what it remembers of the site is the same for every request.
pool() { printf 'pm.max_children = 1\nphp_admin_value[session.gc_probability] = 0\nphp_admin_value[sendmail_path] = %s\n' "$state/cli/sendmail.sh"; }
readonly accounts="[{\"uid\":$boss_uid,\"name\":\"boss\",\"pass\":\"planted-password-boss\",\"roles\":[\"administrator\"]},
  {\"uid\":$maria_uid,\"name\":\"maria\",\"pass\":\"planted-password-maria\"},
  {\"uid\":$viewer_uid,\"name\":\"viewer\",\"pass\":\"planted-password-viewer\",\"roles\":[\"content_editor\"]}]"

# --- the checks, in the order they run; each builds on those before ----------------------------------------------------

a_standard_site_installs_through_composer() {
  drupal_code && drupal_site && cron_key=$(drupal_php "$state/cli/prepare.php" "$accounts") &&
    site_key=$(drupal_php "$state/cli/key.php") && drupal_php "$state/cli/modules.php" install logystera &&
    start_fpm "$web" "$(pool)" && start_nginx "$web" && start_gateway && new_entity drupal
}

nothing_is_sent_before_somebody_connects_the_site() {
  scenario before_connecting && [ -z "$(logystera --json events)" ] && [ ! -s "$buffer/dispatch.history" ]
}

connecting_by_hand_sends_what_was_waiting() {
  scenario connect && [ -n "$(logystera --json events)" ]
}

the_scenario_runs_over_http() {
  login_link=$(drupal_php "$state/cli/login_link.php" maria) && scenario a_day && publish_a_release && scenario more_of_the_day &&
    scenario faults && drupal_php "$state/cli/configuration.php" && scenario import_configuration
}

a_site_without_its_database_still_tells_of_it() {
  local database="$web/sites/default/files/.sqlite" status=0
  [ -d "$database" ] || database=$(dirname "$database")
  chmod 000 "$database"
  scenario database_is_gone || status=1
  chmod 755 "$database"
  return "$status"
}

# Cron tells of itself when it has ended: that is what the last look is for.
cron_over_http_and_on_the_command_line_empties_the_buffer() {
  change_the_code && scenario the_rest && drupal_php "$state/cli/cron.php" && drupal_php "$state/cli/flush.php" &&
    [ ! -s "$buffer/buffer-current.jsonl" ]
}

# The table and what each visitor wrote down, under the keys of both times.
the_gateway_holds_exactly_the_expected_events() {
  logystera --json events >"$state/events.jsonl" &&
    cat "$drupal_dir/expected.jsonl" "$state/requests.jsonl" | "$php_bin" "$drupal_dir/expect.php" "$site_key" "$drupal_major" >"$state/expected.jsonl" &&
    "$php_bin" "$drupal_dir/timeless.php" <"$state/events.jsonl" >"$state/actual.jsonl" &&
    "$php_bin" "$root/tests/e2e/compare-events.php" "$state/expected.jsonl" "$state/actual.jsonl" "$entity_secret"
}

every_type_of_the_catalogue_is_recorded_with_its_labels() {
  "$php_bin" "$drupal_dir/coverage.php" "$root/signals.json" "$state/events.jsonl"
}

# Everything planted and every raw account id: in the events, the gateway's database, the buffer, and the site's database
# for the secret that must be sealed there.
no_secret_and_no_account_id_is_stored() {
  local planted found=0
  for planted in "$viewer_uid" "$boss_uid" "$maria_uid" "$next_uid" planted- planted.mail nobody-may-see; do
    grep -rlaF -- "$planted" "$state/events.jsonl" "$state"/gateway.db* "$buffer" && echo "found there: $planted" && found=1
  done
  grep -rlaF -- "$entity_secret" "$buffer" "$web/sites/default" "$state/log" "$state/sync" "$state/events.jsonl" &&
    echo 'the entity secret is there' && found=1
  return "$found"
}

the_six_tabs_work_for_whom_they_are_meant() {
  scenario tabs && [ "$(logystera --json events --type agent.changed | grep -c '"change_type":"test"')" = 1 ]
}

# json FIELD: of what a command printed.
json() { "$php_bin" -n -r '$value = json_decode(stream_get_contents(STDIN), true)[$argv[1]] ?? null; echo is_scalar($value) ? $value : json_encode($value);' "$1"; }

drush_does_what_the_pages_do() {
  local before after
  before=$(drush logystera:status --format=json) && [ "$(json connected <<<"$before")" = "$gateway_url" ] &&
    [ "$(drush logystera:test --format=json | json status)" = sent ] &&
    after=$(drush logystera:status --format=json) &&
    [ "$(json events_sent <<<"$after")" -gt "$(json events_sent <<<"$before")" ] && [ "$(json waiting <<<"$after")" = 0 ] &&
    drush config:set --yes system.site slogan 'A new one' && drush logystera:events --type=config.save --format=json >"$state/tmp/listed" &&
    grep -q '"config_name": "system.site"' "$state/tmp/listed" && drush logystera:events --limit=1 | grep -q 'config.save' &&
    [ "$(drush logystera:events --since='+1 hour' --format=json)" = '[]' ] && ! drush logystera:events --since=someday && ! drush logystera:events --limit=501 &&
    [ "$(drush logystera:flush --now --format=json | json sent)" -gt 0 ] && drush logystera:verify
}

# The secret comes from where it does not show; a wrong one changes nothing.
drush_connects_and_verifies() {
  local token=$entity_token
  ! drush logystera:connect "$token" --gateway="$gateway_url" <<<'not the secret' && drush logystera:verify &&
    drush logystera:connect "$token" --gateway="$gateway_url" <<<"$entity_secret" | grep -q sent && drush logystera:verify &&
    stop_process gateway && ! drush logystera:verify && start_gateway "$gateway_port" && drush logystera:verify
}

an_unreachable_gateway_is_seen_and_tried_again() {
  stop_process gateway && scenario gateway_is_gone && start_gateway "$gateway_port" && scenario gateway_is_back
}

a_site_is_disconnected_without_its_gateway_and_connected_again() {
  stop_process gateway && scenario disconnecting_alone && start_gateway "$gateway_port" && scenario connecting_again
}

pages_send_when_told_to() {
  scenario automatic
}

# A command line user of the web server's group appends to the same buffer, and the site sends it. The first request after
# the change opens the buffer to the group.
another_user_of_the_group_appends() {
  [ "$(id -u)" -eq 0 ] || cannot 'only root can become another user' || return
  drupal_php "$state/cli/setting.php" buffer_share group && scenario the_rest && chmod -R g+rwX "$web/sites/default/files" &&
    (cd "$web" && HOME="$state/tmp" TMPDIR="$state/tmp" setpriv --reuid nobody --regid "$web_group" --clear-groups -- \
      "$php_bin" "${php_options[@]}" "$state/cli/modules.php" install syslog) &&
    scenario the_rest && drupal_php "$state/cli/cron.php" &&
    [ "$(logystera --json events --type module.install | grep -c '"syslog"')" = 1 ]
}

# Both times with caches that nobody else has filled: core looks further in those several accounts have used.
no_query_is_added_to_a_page() {
  drupal_php "$state/cli/rebuild.php" && scenario count_queries with && drupal_php "$state/cli/modules.php" uninstall logystera && scenario count_queries without &&
    "$php_bin" "$drupal_dir/queries.php" "$state/tmp" front list
}

uninstalling_is_recorded_and_leaves_nothing_behind() {
  [ "$(grep -h '"module.uninstall"' "$buffer"/buffer-*.jsonl | grep -c '"module":"logystera"')" = 1 ] &&
    [ -z "$(drupal_php "$state/cli/traces.php")" ]
}

without_the_extension_the_site_works_and_says_so() {
  drupal_php "$state/cli/modules.php" install logystera && stop_process fpm &&
    start_process fpm "$(fpm_binary)" --nodaemonize --fpm-config "$state/fpm.conf" &&
    await fpm 'FPM without the extension' test -S "$fpm_socket" && scenario without_extension
}

readonly checks=(
  a_standard_site_installs_through_composer nothing_is_sent_before_somebody_connects_the_site
  connecting_by_hand_sends_what_was_waiting the_scenario_runs_over_http
  a_site_without_its_database_still_tells_of_it cron_over_http_and_on_the_command_line_empties_the_buffer
  the_gateway_holds_exactly_the_expected_events every_type_of_the_catalogue_is_recorded_with_its_labels
  no_secret_and_no_account_id_is_stored the_six_tabs_work_for_whom_they_are_meant drush_does_what_the_pages_do drush_connects_and_verifies
  an_unreachable_gateway_is_seen_and_tried_again a_site_is_disconnected_without_its_gateway_and_connected_again pages_send_when_told_to another_user_of_the_group_appends no_query_is_added_to_a_page
  uninstalling_is_recorded_and_leaves_nothing_behind without_the_extension_the_site_works_and_says_so
)

run_site_checks "${checks[@]}"
