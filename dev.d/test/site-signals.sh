#!/usr/bin/env bash
# 81: signals switched off are not recorded whatever happens; another module's signals are recorded, shown, switched and sent
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal
source "$root/tests/e2e/drupal/site.sh"

readonly boss_uid=918273645 maria_uid=918273646 next_uid=918273647
readonly accounts="[{\"uid\":$boss_uid,\"name\":\"boss\",\"pass\":\"planted-password-boss\",\"roles\":[\"administrator\"]},
  {\"uid\":$maria_uid,\"name\":\"maria\",\"pass\":\"planted-password-maria\"}]"
pool() { printf 'pm.max_children = 1\nphp_admin_value[sendmail_path] = %s\n' "$state/cli/sendmail.sh"; }
buffered() { find "$buffer" -maxdepth 1 -type f \( -name 'buffer-*.jsonl' -o -name 'spill-*' \) -exec cat {} +; }

a_standard_site_installs() {
  drupal_code && drupal_site && cron_key=$(drupal_php "$state/cli/prepare.php" "$accounts") && site_key=$(drupal_php "$state/cli/key.php") &&
    drupal_php "$state/cli/modules.php" install logystera && start_fpm "$web" "$(pool)" && start_nginx "$web" && start_gateway && new_entity drupal
}

# Everything that happens in the scenario of the stage site-drupal, which there makes every type be recorded.
with_every_signal_off_a_whole_day_records_nothing() {
  local before
  scenario all_off && before=$(buffered | wc -l) && login_link=$(drupal_php "$state/cli/login_link.php" maria) && scenario a_day &&
    publish_a_release && scenario more_of_the_day && scenario faults && drupal_php "$state/cli/configuration.php" && scenario import_configuration &&
    drupal_php "$state/cli/cron.php" && [ "$before" -gt 0 ] && [ "$(buffered | wc -l)" = "$before" ] || { buffered | tail -n +$((before + 1)); return 1; }
}

with_the_defaults_back_every_group_is_recorded_and_nothing_that_is_off() {
  local before
  # The first run of cron looks at the code, the one in the scenario finds it changed.
  scenario defaults_back && before=$(buffered | wc -l) && scenario the_rest && change_the_code && scenario one_of_each_group &&
    buffered | tail -n +$((before + 1)) | "$php_bin" "$drupal_dir/groups.php" "$root/signals.json"
}

a_module_declares_signals_of_its_own() {
  drupal_php "$state/cli/modules.php" install logystera_example && scenario price_lists
}

declarations_that_cannot_be_cost_nobody_else_anything() {
  local before
  before=$(buffered | grep -c 'price_list.missing')
  drupal_php "$state/cli/modules.php" install logystera_broken_example && scenario broken_declarations &&
    [ "$(buffered | grep -c 'price_list.missing')" = $((before + 1)) ] && [ "$(buffered | grep -c '"event_type":"broken\.')" = 0 ] &&
    drupal_php "$state/cli/modules.php" uninstall logystera_broken_example
}

the_gateway_holds_the_signals_of_the_module() {
  drupal_php "$state/cli/connect.php" "$state/drupal.credentials.json" && drupal_php "$state/cli/flush.php" && logystera --json events >"$state/events.jsonl" &&
    grep -E '"event_type":"(price_list\.|agent\.dropped)' "$state/events.jsonl" | "$php_bin" "$drupal_dir/timeless.php" >"$state/actual.jsonl" &&
    "$php_bin" "$drupal_dir/expect.php" "$site_key" <"$drupal_dir/expected-example.jsonl" >"$state/expected.jsonl" &&
    "$php_bin" "$root/tests/e2e/compare-events.php" "$state/expected.jsonl" "$state/actual.jsonl" "$entity_secret" && ! grep -q planted "$state/actual.jsonl"
}

run_site_checks a_standard_site_installs with_every_signal_off_a_whole_day_records_nothing \
  with_the_defaults_back_every_group_is_recorded_and_nothing_that_is_off a_module_declares_signals_of_its_own \
  declarations_that_cannot_be_cost_nobody_else_anything the_gateway_holds_the_signals_of_the_module
