#!/usr/bin/env bash
# 81: two Drupal sites in one FPM pool: buffers, accounts, toggles, credentials, suspension and trouble are each site's own
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal
source "$root/tests/e2e/drupal/site.sh"

readonly boss_uid=918273645
readonly accounts="[{\"uid\":$boss_uid,\"name\":\"boss\",\"pass\":\"planted-password-boss\",\"roles\":[\"administrator\"]}]"
readonly pages=40

# --- the two sites: one at one.localhost (sites/default), two at two.localhost (sites/two) -----------------------------

one_php() { drupal_php "$@"; }
two_php() { SITE_URI=http://two.localhost/ drupal_php "$@"; }
buffer_of() { if [ "$1" = one ]; then echo "$state/private/logystera"; else echo "$state/private/logystera/two"; fi; }

# visit SITE PATTERN PARALLEL: prints the status of each answer. Paths nobody has asked for before never come from the page cache.
visit() {
  curl -sS --no-progress-meter --parallel --parallel-max "$3" --max-time 60 -H "Host: $1.localhost" -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$site_port/$2"
}

# scenario_of SITE PART [ARGUMENT]
scenario_of() {
  local port=$site_port
  site_url="http://$1.localhost:$port" scenario "${@:2}"
}

# buffered SITE: the lines of its buffer, nothing below it.
buffered() { find "$(buffer_of "$1")" -maxdepth 1 -type f \( -name 'buffer-*.jsonl' -o -name 'spill-*' \) -exec cat {} +; }

# requests_in SITE WORD: how many requests to paths with that word are in its buffer.
requests_in() { buffered "$1" | grep '"event_type":"http.request"' | grep -c "\"path\":\"/$2-" || true; }

# expect WHAT EXPECTED ACTUAL
expect() { [ "$2" = "$3" ] || { echo "$1: expected '$2', got '$3'"; return 1; }; }

# recorded SITE WORD COUNT: as many requests to paths with that word are in its buffer. A worker writes them once its visitor has
# the whole answer: there is something to wait for.
recorded() {
  [ "$3" -eq 0 ] || wait_until "$3 requests to $2 in the buffer of $1" 60 has_recorded "$@" || true
  expect "requests to $2 in the buffer of $1" "$3" "$(requests_in "$1" "$2")"
}
has_recorded() { [ "$(requests_in "$1" "$2")" -ge "$3" ]; }

# login_hash SITE: the hash of the account that logged in last.
login_hash() { buffered "$1" | grep '"event_type":"auth.login"' | tail -1 | grep -oE '"uid":"[0-9a-f]{64}"' | cut -d'"' -f4; }

workers() {
  printf 'pm.max_children = %d\nphp_admin_value[opcache.revalidate_freq] = 0\n' "$1"
}

# --- the checks, each building on those before -------------------------------------------------------------------------

two_sites_share_the_code() {
  drupal_code && drupal_site && second_site two && cron_key=$(one_php "$state/cli/accounts.php" "$accounts") &&
    two_cron_key=$(two_php "$state/cli/accounts.php" "$accounts") && one_php "$state/cli/modules.php" install logystera &&
    two_php "$state/cli/modules.php" install logystera && start_fpm "$web" "$(workers 1)" && start_nginx "$web" && start_gateway &&
    new_entity one && one_token=$entity_token && new_entity two && two_token=$entity_token
}

one_worker_serving_both_in_turn_keeps_them_apart() {
  local page
  for ((page = 1; page <= pages; page++)); do
    expect "page $page of one" 404 "$(visit one "one-$page" 1)" && expect "page $page of two" 404 "$(visit two "two-$page" 1)" || return
  done
  each_has_its_own one two "$pages"
}

# each_has_its_own WORD OF ONE, WORD OF TWO, COUNT
each_has_its_own() {
  recorded one "$1" "$3" && recorded two "$2" "$3" && recorded one "$2" 0 && recorded two "$1" 0
}

four_workers_serving_both_at_once_keep_them_apart() {
  stop_process fpm && start_fpm "$web" "$(workers 4)"
  visit one "both-a-[1-$((pages * 3))]" 3 >"$state/tmp/one.answers" & local visitor=$!
  visit two "both-b-[1-$((pages * 3))]" 3 >"$state/tmp/two.answers"
  wait "$visitor" && expect 'answers of one' $((pages * 3)) "$(grep -c 404 "$state/tmp/one.answers")" &&
    expect 'answers of two' $((pages * 3)) "$(grep -c 404 "$state/tmp/two.answers")" && each_has_its_own both-a both-b $((pages * 3))
}

one_account_number_has_another_hash_in_each() {
  local key hash
  for name in one two; do
    scenario_of "$name" in_and_out && key=$("${name}_php" "$state/cli/key.php") && hash=$(login_hash "$name") &&
      expect "the hash in $name" "$("$php_bin" -n -r 'echo hash_hmac("sha256", $argv[1], $argv[2]);' -- "$boss_uid" "$key")" "$hash" || return
  done
  [ "$(login_hash one)" != "$(login_hash two)" ]
}

a_signal_switched_off_in_one_is_recorded_in_the_other() {
  two_php "$state/cli/setting.php" signals.page_visit '' && visit one 'quiet-a-[1-5]' 1 && visit two 'quiet-b-[1-5]' 1 &&
    recorded one quiet-a 5 && recorded two quiet-b 0 &&
    two_php "$state/cli/setting.php" signals.page_visit 1
}

each_sends_to_its_own_entity() {
  one_php "$state/cli/connect.php" "$state/one.credentials.json" &&
    expect 'cron of one' 204 "$(visit one "cron/$cron_key" 1)" && [ -z "$(logystera --json events --entity "$two_token")" ] &&
    [ -n "$(buffered two)" ] && two_php "$state/cli/connect.php" "$state/two.credentials.json" &&
    expect 'cron of two' 204 "$(visit two "cron/$two_cron_key" 1)" && stored_apart
}

stored_apart() {
  local of_one of_two
  of_one=$(logystera --json events --entity "$one_token" --type http.request) of_two=$(logystera --json events --entity "$two_token" --type http.request)
  expect 'stored of one' "$pages" "$(grep -c '"path":"/one-' <<<"$of_one")" && expect 'stored of two' "$pages" "$(grep -c '"path":"/two-' <<<"$of_two")" &&
    expect 'of two among one' 0 "$(grep -cE '"path":"/(two|both-b|quiet-b)-' <<<"$of_one")" &&
    expect 'of one among two' 0 "$(grep -cE '"path":"/(one|both-a|quiet-a)-' <<<"$of_two")"
}

# Five refusals, each in a kernel clock an hour further than the one before: that is how long the site would wait.
refused_credentials_suspend_one_site_alone() {
  [ "$(id -u)" -eq 0 ] || cannot 'another clock needs root' || return
  unshare --time --boottime 60 --fork true 2>"$state/tmp/unshare" || cannot "unshare: $(head -1 "$state/tmp/unshare")" || return
  local attempt
  sed 's/"secret":"[^"]*"/"secret":"not-the-secret-of-this-entity-at-all-00000"/' "$state/two.credentials.json" >"$state/wrong.credentials.json"
  chmod 644 "$state/wrong.credentials.json"
  two_php "$state/cli/connect.php" "$state/wrong.credentials.json"
  for attempt in 1 2 3 4 5; do two_later "$attempt" "$state/cli/flush.php" | tail -1 >"$state/tmp/flush"; done
  grep -q '"status":"suspended"' "$state/tmp/flush" && visit one 'after-a-[1-5]' 1 && visit two 'after-b-[1-5]' 1 &&
    recorded one after-a 5 && recorded two after-b 5 && expect 'cron of one' 204 "$(visit one "cron/$cron_key" 1)" &&
    recorded one after-a 0 && scenario_of two status_report 'Suspended after repeated refusals' &&
    scenario_of one status_report 'Sending works' && two_php "$state/cli/connect.php" "$state/two.credentials.json" &&
    two_php "$state/cli/flush.php" && recorded two after-b 0
}

# two_later HOURS SCRIPT: on the command line of two, with that many hours more since the machine started.
two_later() {
  (cd "$web" && HOME="$state/tmp" TMPDIR="$state/tmp" SITE_URI=http://two.localhost/ unshare --time --boottime $(($1 * 3600)) --fork -- \
    setpriv --reuid "$web_user" --regid "$web_group" --init-groups -- "$php_bin" "${php_options[@]}" "$2") || true
}

# Settings of two that cannot work: a buffer where none can be made, and a hash salt that opens no credentials.
broken_settings_of_one_site_leave_the_other_alone() {
  local settings="$web/sites/two/settings.php" status=0
  cp -p "$settings" "$state/tmp/settings.right"
  printf "\$settings['logystera_buffer_path'] = '/proc/no-such-place';\n" >>"$settings"
  two_php "$state/cli/rebuild.php"
  still_works_alone broken-a broken-b 0 && scenario_of two status_report 'Not recording correctly' || status=1
  cat "$state/tmp/settings.right" >"$settings"
  printf "\$settings['hash_salt'] = 'another-salt-than-before';\n" >>"$settings"
  two_php "$state/cli/rebuild.php"
  still_works_alone salt-a salt-b 5 && scenario_of two status_report 'the hash salt in settings.php changed' || status=1
  cat "$state/tmp/settings.right" >"$settings"
  two_php "$state/cli/rebuild.php" && still_works_alone right-a right-b 5 && return "$status"
}

# still_works_alone WORD OF ONE, WORD OF TWO, RECORDED BY TWO: both serve, one records and sends.
still_works_alone() {
  expect 'answers of one' 5 "$(visit one "$1-[1-5]" 1 | grep -c 404)" && expect 'answers of two' 5 "$(visit two "$2-[1-5]" 1 | grep -c 404)" &&
    recorded one "$1" 5 && recorded two "$2" "$3" &&
    recorded one "$2" 0 && one_php "$state/cli/flush.php"
}

# The worker knows both: what it sees of a database has to go to the site whose request it is.
a_database_that_is_gone_is_told_of_by_its_own_site() {
  local database="$web/sites/two/files/.sqlite" status=0
  stop_process fpm && start_fpm "$web" "$(workers 1)" && visit one 'warm-a-1' 1 && visit two 'warm-b-1' 1
  [ -d "$database" ] || database=$(dirname "$database")
  chmod 000 "$database"
  visit two 'gone-b-1' 1
  expect 'one while two is gone' 404 "$(visit one 'gone-a-1' 1)" || status=1
  chmod 755 "$database"
  wait_until 'two to tell of it' 60 told_by two || true
  expect 'told by two' 1 "$(told two)" && expect 'told by one' 0 "$(told one)" && return "$status"
}

told() { buffered "$1" | grep -c '"event_type":"db.connection_failed"' || true; }
told_by() { [ "$(told "$1")" -gt 0 ]; }

removing_the_module_from_one_leaves_the_other_alone() {
  two_php "$state/cli/modules.php" uninstall logystera && visit one 'last-a-[1-5]' 1 && visit two 'last-b-[1-5]' 1 &&
    recorded one last-a 5 && recorded two last-b 0 && one_php "$state/cli/flush.php"
}

run_site_checks two_sites_share_the_code one_worker_serving_both_in_turn_keeps_them_apart four_workers_serving_both_at_once_keep_them_apart \
  one_account_number_has_another_hash_in_each a_signal_switched_off_in_one_is_recorded_in_the_other each_sends_to_its_own_entity \
  refused_credentials_suspend_one_site_alone broken_settings_of_one_site_leave_the_other_alone \
  a_database_that_is_gone_is_told_of_by_its_own_site removing_the_module_from_one_leaves_the_other_alone
