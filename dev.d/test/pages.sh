#!/usr/bin/env bash
# 83: the server's pages in a real browser: light and dark, narrow and wide, with and without scripts, with nothing, one row and a million
source "$(dirname "$0")/../stage.sh"
install_packages build test browser
# A nodejs from elsewhere than Debian brings its own, and cannot stand Debian's.
command -v npm >/dev/null || install_packages npm
source "$root/tests/e2e/lib.sh"

readonly pictures="$stage_dir/pictures"  # stay there when the stage has ended
readonly pages_dir="$root/tests/e2e/pages"
readonly viewer_password=planted-password-viewer
readonly strange_site='<img src=x onerror=alert(1)> مكتبة =1+1'

# --- the checks, in the order they run; each builds on those before ----------------------------------------------------

every_page_of_an_empty_server() {
  start_gateway && write_facts && browse walk.mjs "$state/facts.json" "$pictures" empty
}

every_page_of_a_filled_server() {
  fill && write_facts && browse walk.mjs "$state/facts.json" "$pictures" filled
}

what_strangers_wrote_is_text() { browse journey.mjs strange "$state/facts.json" "$pictures"; }
a_finding_is_dismissed_and_brought_back_with_the_keyboard() { browse journey.mjs keyboard "$state/facts.json" "$pictures"; }
a_filter_is_applied_at_once() { browse journey.mjs filter "$state/facts.json" "$pictures"; }
a_theme_is_chosen_with_and_without_scripts() { browse journey.mjs theme "$state/facts.json" "$pictures"; }

a_log_is_uploaded_with_and_without_scripts() { browse journey.mjs upload "$state/facts.json" "$pictures"; }
eight_tabs_are_live_by_one_stream() { browse journey.mjs live "$state/facts.json" "$pictures"; }

a_viewer_signs_in_and_out() {
  logystera user add viola --role viewer <<<"$viewer_password" && browse journey.mjs sign_in "$state/facts.json" "$pictures"
}

every_page_with_one_row() { walk_made_up one 1 1; }
every_page_with_a_million_rows() { walk_made_up million 1000000 1000000; }

readonly checks=(
  every_page_of_an_empty_server every_page_of_a_filled_server what_strangers_wrote_is_text
  a_finding_is_dismissed_and_brought_back_with_the_keyboard a_filter_is_applied_at_once a_theme_is_chosen_with_and_without_scripts
  a_log_is_uploaded_with_and_without_scripts eight_tabs_are_live_by_one_stream a_viewer_signs_in_and_out
  every_page_with_one_row every_page_with_a_million_rows
)

# --- how they run --------------------------------------------------------------------------------------------------------

# Made-up findings and errors, logs that hold what strangers like to write, and events of a site with such a name.
fill() {
  local logs="$state/logs" token secret answer
  mkdir -p "$logs"
  (cd "$browser_dir" && node logs.mjs errors) >"$logs/=cmd <b>app<b>.json"
  (cd "$browser_dir" && node logs.mjs requests) >"$logs/access.log"
  logystera demo seed >/dev/null && logystera scan --track-errors "$logs" >/dev/null || return 1
  answer=$(logystera --json entity add "$strange_site") || return 1
  token=$(node -p 'JSON.parse(process.argv[1]).token' "$answer") secret=$(node -p 'JSON.parse(process.argv[1]).secret' "$answer")
  site_token=$token
  (cd "$browser_dir" && node lines.mjs | node send.mjs "$gateway_url" "$token" "$secret") | grep -q '^202 '
}

# walk_made_up STATE FINDINGS EVENTS: the pages that show what is stored, of a server with a store that has so many.
walk_made_up() {
  stop_process gateway && rm -f "$state"/gateway.db* && start_gateway || return 1
  site_token=$(node -p 'JSON.parse(process.argv[1]).token' "$(logystera --json entity add shop)") || return 1
  "$build_dir/bench_server_fill" "$state/gateway.db" "$2" "$3" && write_facts && browse walk.mjs "$state/facts.json" "$pictures" "$1"
}

# Where the pages are, and which there are of what was stored.
write_facts() {
  local fingerprint
  fingerprint=$(logystera --json errors list 2>/dev/null | grep -o '"fingerprint":"[^"]*' | head -1 | cut -d'"' -f4)
  GATEWAY=$gateway_url FINGERPRINT=$fingerprint SITE=${site_token:-} PASSWORD=$viewer_password PROGRAM=$logystera_bin STORE=$gateway_store \
    node >"$state/facts.json" <<'JS'
const { GATEWAY, FINGERPRINT, SITE, PASSWORD, PROGRAM, STORE } = process.env;
const lists = {
  overview: '/', findings: '/findings', 'findings-filtered': '/findings?severity=high&since_hours=168&q=login', dismissals: '/dismissals',
  errors: '/errors', 'errors-new': '/errors?new=true', 'errors-back': '/errors?regressed=true', events: '/events', sites: '/sites', rules: '/rules',
  rule: '/rules/SSH_BRUTE_FORCE', 'rule-check': '/rules/check', fleet: '/fleet', 'fleet-ssh': '/fleet?type=ssh', upload: '/upload', 'missing-finding': '/findings/999999', 'missing-rule': '/rules/NONE', missing: '/nothing',
  settings: '/settings', users: '/settings/users', tokens: '/settings/tokens', audit: '/settings/audit', retention: '/settings/retention', about: '/settings/about', login: '/login',
};
const filled = {
  ...lists, finding: '/findings/1', dismiss: '/dismissals/new?rule=SSH_BRUTE_FORCE&source=demo.log', 'errors-count': '/errors?sort=count',
  error: `/errors/${FINGERPRINT}`, 'events-personal': '/events?personal=1&type=auth.login', 'events-of-site': `/events?site=${SITE}`,
  site: `/sites/${SITE}`, 'site-rotate': `/sites/${SITE}/rotate`, 'site-disable': `/sites/${SITE}/disable`,
};
const made_up = {
  overview: '/', findings: '/findings', 'findings-filtered': '/findings?severity=high&since_hours=168&q=page', 'findings-searched': '/findings?q=nothing-has-this',
  finding: '/findings/1', errors: '/errors', 'errors-new': '/errors?new=true', error: `/errors/${FINGERPRINT}`, events: '/events',
  'events-of-type': '/events?type=auth.login_failed', sites: '/sites', site: `/sites/${SITE}`, rules: '/rules', retention: '/settings/retention', about: '/settings/about',
};
console.log(JSON.stringify({
  base: GATEWAY, program: PROGRAM, store: STORE, pages: { empty: lists, filled, one: made_up, million: made_up }, viewer: { name: 'viola', password: PASSWORD },
  strange: [`/sites/${SITE}`, `/errors/${FINGERPRINT}`, '/findings?q=sqlmap', '/events?personal=1'],
}));
JS
}

browse() {
  (cd "$browser_dir" && CHROMIUM=$(command -v chromium || command -v chromium-browser) HOME="$state/tmp" timeout 900 node "$@")
}

# browser_is_there: npm's packages, kept between runs. False, with the reason in $missing, where npm cannot get them.
browser_is_there() {
  browser_dir="$run_dir/pages-browser"
  mkdir -p "$browser_dir"
  cp "$pages_dir"/*.mjs "$pages_dir"/package*.json "$browser_dir/"
  cmp -s "$browser_dir/package-lock.json" "$browser_dir/node_modules/.complete" && return 0
  npm ci --prefix "$browser_dir" --no-audit --no-fund --ignore-scripts >"$browser_dir/npm.log" 2>&1 ||
    { missing="npm cannot install playwright-core and axe-core ($browser_dir/npm.log)"; return 1; }
  cp "$browser_dir/package-lock.json" "$browser_dir/node_modules/.complete"
}

"$root/dev" build program
ninja -C "$build_dir" -j "$jobs" bench_server_fill
if ! browser_is_there; then
  echo "skipped browser: ${#checks[@]} skipped: $missing"
  tally 0 0 "${#checks[@]}"
  finish
fi
open_state "$stage_dir/state"
for each in "${checks[@]}"; do
  say "${each//_/ }"
  check "${each//_/ }" "$each"
done
finish
