# Sourced by the stages that put the site on a database server: database_checks NAME runs them on mariadb or postgresql.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../database.sh"

database_checks() {
  database=$1
  run_site_checks "a_standard_site_installs_on_${database}" a_slow_statement_is_told one_of_two_entangled_transactions_is_told a_full_disk_is_told \
    a_connection_that_is_ended_is_told a_server_that_dies_under_a_page_is_told a_site_that_cannot_start_without_its_server_tells_of_it \
    a_wrong_password_is_told_without_it the_gateway_holds_each_once_with_exactly_its_labels no_value_of_a_statement_is_stored
}

a_standard_site_installs_on_mariadb() { a_site_installs; }
a_standard_site_installs_on_postgresql() { a_site_installs; }

a_site_installs() {
  drupal_code && "start_$database" && "${database}_tables" && drupal_site "$("${database}_settings")" &&
    drupal_php "$state/cli/modules.php" install logystera_site_test && drupal_php "$state/cli/modules.php" install logystera &&
    drupal_php "$state/cli/setting.php" advanced_signals.slow_query 1 && start_gateway && new_entity drupal &&
    drupal_php "$state/cli/connect.php" "$state/drupal.credentials.json" &&
    # Two workers: both have served the site once the entangled pages are done.
    start_fpm "$web" 'pm.max_children = 2' && start_nginx "$web" && page / 200
}

# page PATH [STATUS [WORD]]: fetches it; without a status, whatever comes.
page() {
  local status
  status=$(curl -sS -o "$state/tmp/page-${1//[^a-z0-9]/-}" -w '%{http_code}' --max-time 60 "$site_url$1")
  [ -z "${2:-}" ] || [ "$status" = "$2" ] || { echo "$1: expected $2, got $status"; return 1; }
  [ -z "${3:-}" ] || grep -qE ">[[:space:]]*$3[[:space:]]*<|^[[:space:]]*$3[[:space:]]*$" "$state/tmp/page-${1//[^a-z0-9]/-}" || { echo "$1 does not say '$3'"; return 1; }
}

fault() { page "/logystera-site-test/database/$1" "${@:2}"; }

# Both pages wait for each other with the row the other wants; the server ends one of the two.
one_of_two_entangled_transactions_is_told() {
  local one two
  fault deadlock/1 200 & one=$!
  fault deadlock/2 200 & two=$!
  wait "$one" && wait "$two" && [ "$(cat "$state"/tmp/page-*-deadlock-[12] | grep -cE '^[[:space:]]*(refused|changed)[[:space:]]*$')" = 2 ] &&
    [ "$(grep -lE '^[[:space:]]*refused[[:space:]]*$' "$state"/tmp/page-*-deadlock-[12] | wc -l)" = 1 ]
}

a_slow_statement_is_told() { fault slow 200 'done'; }

a_connection_that_is_ended_is_told() { fault killed 200 refused; }

# The page's own connection: what becomes of the page is Drupal's business.
a_server_that_dies_under_a_page_is_told() {
  local status=0
  fault waiting & local visitor=$!
  wait_until 'the page to wait' 60 test -e "$state/tmp/waiting" || status=1
  sleep 0.5  # it says so before it asks
  "stop_$database" KILL
  wait "$visitor" || status=1
  "start_$database" && page / 200 && return "$status"
}

a_site_that_cannot_start_without_its_server_tells_of_it() {
  local status=0
  "stop_$database"
  page / 500 || status=1
  "start_$database" && page / 200 && return "$status"
}

# The server's account has another password than settings.php.
a_wrong_password_is_told_without_it() {
  local status=0
  "${database}_password" planted-other-password
  page / 500 || status=1
  "${database}_password" "$database_password" && page / 200 && return "$status"
}

a_full_disk_is_told() {
  [ -n "$small_space" ] || cannot "$small_space_refused" || return
  fault full 200 refused && "${database}_without_small_space"
}

the_gateway_holds_each_once_with_exactly_its_labels() {
  drupal_php "$state/cli/flush.php" && logystera --json events >"$state/events.jsonl" &&
    grep '"event_type":"db\.' "$state/events.jsonl" | "$php_bin" "$drupal_dir/timeless.php" >"$state/actual.jsonl" &&
    "$php_bin" "$root/tests/e2e/compare-events.php" "$drupal_dir/expected-$database.jsonl" "$state/actual.jsonl" "$entity_secret"
}

no_value_of_a_statement_is_stored() {
  local planted found=0
  for planted in nobody-may-see planted-; do
    grep -rlaF -- "$planted" "$state/events.jsonl" "$state"/gateway.db* "$buffer" && echo "found there: $planted" && found=1
  done
  return "$found"
}
