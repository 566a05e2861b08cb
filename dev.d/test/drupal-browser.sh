#!/usr/bin/env bash
# 82: an administrator's way through the Drupal module in a real browser: without errors, with the keyboard, on any screen
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal browser
# A nodejs from elsewhere than Debian brings its own, and cannot stand Debian's.
command -v npm >/dev/null || install_packages npm
source "$root/tests/e2e/drupal/site.sh"

readonly operator_password=planted-password-operator boss_password=planted-password-boss
readonly accounts="[{\"uid\":918273645,\"name\":\"boss\",\"pass\":\"$boss_password\",\"roles\":[\"administrator\"]}]"
readonly pictures="$stage_dir/pictures"  # stay there when the stage has ended

# --- the checks, in the order they run; each builds on those before ----------------------------------------------------

the_site_and_the_gateway_are_there() {
  drupal_code && drupal_site && drupal_php "$state/cli/prepare.php" "$accounts" && drupal_php "$state/cli/modules.php" install logystera &&
    drupal_php "$state/cli/arabic.php" && nginx_http_lines=('include /etc/nginx/mime.types;') &&
    start_fpm "$web" "php_admin_value[sendmail_path] = $state/cli/sendmail.sh" && start_nginx "$web" && start_gateway &&
    logystera user add operator <<<"$operator_password" && write_facts
}

every_tab_before_connecting() { walk unconnected; }
one_click_connects_and_sends_what_waited() {
  walk connect && [ -n "$(logystera --json events)" ] && (umask 077 && drupal_php "$state/cli/secret.php" >"$state/secret")
}
a_signal_is_switched_off_and_on() { walk toggle; }
events_are_filtered_and_looked_at() { walk events; }
flush_now_empties_the_buffer() { walk flush; }

support_reaches_the_gateway() {
  walk support && logystera --json support show "$(logystera --json support list | grep -o 'sup_[A-Za-z0-9_-]*')" >"$state/tmp/support" &&
    grep -q '"message":"The browser test asks for help."' "$state/tmp/support" && grep -q '"email":"boss@example.org"' "$state/tmp/support" &&
    grep -q 'nsystem: taken out' "$state/tmp/support" && ! grep -q "$(uname -r)" "$state/tmp/support"
}

every_tab_runs_from_right_to_left() { walk right_to_left; }
every_tab_fits_a_narrow_screen() { walk narrow; }

# Not in the site's database, files, logs or configuration, not in a page, not in the gateway's store.
the_secret_is_nowhere_in_the_clear() {
  [ "$(wc -c <"$state/secret")" -gt 30 ] && drupal_php ../vendor/bin/drush.php config:export --yes &&
    ! grep -rlaF -f "$state/secret" "$web/sites/default" "$state/log" "$state/private" "$state/sync" "$pictures" "$state"/gateway.db*
}

disconnecting_ends_the_credentials() {
  walk disconnect && logystera --json entity list >"$state/tmp/entities" && grep -q revoked "$state/tmp/entities"
}

readonly checks=(
  the_site_and_the_gateway_are_there every_tab_before_connecting one_click_connects_and_sends_what_waited a_signal_is_switched_off_and_on
  events_are_filtered_and_looked_at flush_now_empties_the_buffer support_reaches_the_gateway every_tab_runs_from_right_to_left
  every_tab_fits_a_narrow_screen the_secret_is_nowhere_in_the_clear disconnecting_ends_the_credentials
)

# --- how they run --------------------------------------------------------------------------------------------------------

write_facts() {
  (
    umask 077
    printf '{"site":"%s","account":{"name":"boss","pass":"%s"},"gateway":{"url":"%s","user":"operator","pass":"%s"}}\n' \
      "$site_url" "$boss_password" "$gateway_url" "$operator_password" >"$state/browser.json"
  )
}

walk() {
  (cd "$browser_dir" && CHROMIUM=$(command -v chromium || command -v chromium-browser) HOME="$state/tmp" \
    timeout 900 node walk.mjs "$1" "$state/browser.json" "$pictures")
}

# browser_is_there: npm's packages, kept between runs. False, with the reason in $missing, where npm cannot get them.
browser_is_there() {
  browser_dir="$run_dir/browser"
  mkdir -p "$browser_dir"
  cp "$drupal_dir"/browser/* "$browser_dir/"
  cmp -s "$browser_dir/package.json" "$browser_dir/node_modules/.complete" && return 0
  npm install --prefix "$browser_dir" --no-audit --no-fund --ignore-scripts >"$browser_dir/npm.log" 2>&1 ||
    { missing="npm cannot install playwright-core and axe-core ($browser_dir/npm.log)"; return 1; }
  cp "$browser_dir/package.json" "$browser_dir/node_modules/.complete"
}

if ! browser_is_there; then
  echo "skipped browser: ${#checks[@]} skipped: $missing"
  tally 0 0 "${#checks[@]}"
  finish
fi
run_site_checks "${checks[@]}"
