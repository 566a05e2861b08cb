#!/usr/bin/env bash
# 83: the server's pages in a real browser: light and dark, narrow and wide, with and without scripts, with nothing, one row and a million
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build test browser
# A nodejs from elsewhere than Debian brings its own, and cannot stand Debian's.
command -v npm >/dev/null || install_packages npm
source "$root/tests/e2e/lib.sh"

readonly pictures="$stage_dir/pictures"  # of pages with faults, or of all (LOGYSTERA_PICTURES=1); stay there when the stage has ended
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
an_alert_is_dealt_with_with_the_keyboard() { browse journey.mjs alert "$state/facts.json" "$pictures"; }
a_filter_is_applied_at_once() { browse journey.mjs filter "$state/facts.json" "$pictures"; }
a_theme_is_chosen_with_and_without_scripts() { browse journey.mjs theme "$state/facts.json" "$pictures"; }

a_log_is_uploaded_with_and_without_scripts() { browse journey.mjs upload "$state/facts.json" "$pictures"; }
eight_tabs_are_live_by_one_stream() { browse journey.mjs live "$state/facts.json" "$pictures"; }

a_viewer_signs_in_and_out() {
  logystera user add viola --role viewer <<<"$viewer_password" && browse journey.mjs sign_in "$state/facts.json" "$pictures"
}

# From the address in the log of a server others reach, to an answer of the API.
somebody_new_finds_his_way() {
  local store="sqlite:$state/new.db" setup
  local port
  port=$(free_port)
  mkdir -p "$state/newcomer"
  (cd "$browser_dir" && node logs.mjs auth) >"$state/newcomer/auth.log"
  : >"$state/log/newcomer.log"
  start_process newcomer "$logystera_bin" --store "$store" serve --port "$port" --behind-proxy --public-url "http://127.0.0.1:$port"
  await newcomer 'the server to answer' port_answers "$port"
  setup=$(grep -oE 'http://127\.0\.0\.1:[0-9]+/setup#k=[A-Za-z0-9_-]+' "$state/log/newcomer.log" | head -1)
  BASE="http://127.0.0.1:$port" SETUP=$setup PROGRAM=$logystera_bin STORE=$store DIRECTORY="$state/newcomer" node >"$state/newcomer/facts.json" <<'JS'
const { BASE, SETUP, PROGRAM, STORE, DIRECTORY } = process.env;
console.log(JSON.stringify({ base: BASE, setup: SETUP, program: PROGRAM, store: STORE, log: `${DIRECTORY}/auth.log`, upload: `${DIRECTORY}/auth.log` }));
JS
  browse newcomer.mjs "$state/newcomer/facts.json" "$pictures" && stop_process newcomer
}

every_page_with_one_row() { walk_made_up one 1 1; }
every_page_with_a_million_rows() { walk_made_up million 1000000 1000000; }

readonly checks=(
  every_page_of_an_empty_server every_page_of_a_filled_server what_strangers_wrote_is_text
  a_finding_is_dismissed_and_brought_back_with_the_keyboard an_alert_is_dealt_with_with_the_keyboard a_filter_is_applied_at_once a_theme_is_chosen_with_and_without_scripts
  a_log_is_uploaded_with_and_without_scripts eight_tabs_are_live_by_one_stream a_viewer_signs_in_and_out somebody_new_finds_his_way
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
  (cd "$browser_dir" && node lines.mjs | node send.mjs "$gateway_url" "$token" "$secret") | grep -q '^202 ' || return 1
  "$build_dir/bench_server_fill" "$state/gateway.db" 0 0 40 && add_channels || return 1
  # What detection finds is stored within a second or two and changes pages that are open: it is awaited.
  sleep 4
}

# A channel of mail whose server is not there, and one of a chat that is gone, so that it is switched off.
add_channels() {
  GATEWAY=$gateway_url timeout 300 node <<'JS'
const { createServer } = require('node:http');
const api = `${process.env.GATEWAY}/api/v1`;
const post = async (path, body) => {
  const answer = await fetch(`${api}/${path}`, { method: 'POST', ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
};
const gone = createServer((_, answer) => { answer.statusCode = 410; answer.end('channel_is_archived'); }).listen(0, '127.0.0.1', async () => {
  const mail = { host: '127.0.0.1', port: 9, user: 'alerts', from: 'alerts@example.org', receivers: ['anna@example.org', 'bert@example.org'] };
  await post('channels', { name: '<i>post</i>', kind: 'email', password: 'a-password-of-a-test', mail });
  await post('channels', { name: 'chat', kind: 'slack', url: `http://127.0.0.1:${gone.address().port}/services/hook-of-a-test` });
  await post('channels/1/test');
  await post('channels/2/test');
  for (;;) {
    const waiting = await (await fetch(`${api}/outbox?channel=1&state=failed`)).json();
    if (waiting.length > 0 && !(await (await fetch(`${api}/channels/2`)).json()).enabled) break;
    await new Promise((done) => { setTimeout(done, 200); });
  }
  process.exit(0);
});
JS
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
  overview: '/', alerts: '/alerts', 'alerts-resolved': '/alerts?state=resolved&severity=high&assignee=nobody', 'alerts-past': '/alerts?state=past',
  switches: '/switches', 'switch': '/switches/new?rule=SSH_BRUTE_FORCE', 'missing-alert': '/alerts/999999',
  findings: '/findings', 'findings-filtered': '/findings?severity=high&since_hours=168&q=login', dismissals: '/dismissals',
  errors: '/errors', 'errors-new': '/errors?new=true', 'errors-back': '/errors?regressed=true', events: '/events', sites: '/sites', rules: '/rules',
  rule: '/rules/SSH_BRUTE_FORCE', 'rule-check': '/rules/check', fleet: '/fleet', 'fleet-ssh': '/fleet?type=ssh', upload: '/upload', 'missing-finding': '/findings/999999', 'missing-rule': '/rules/NONE', missing: '/nothing',
  settings: '/settings', users: '/settings/users', tokens: '/settings/tokens', audit: '/settings/audit', retention: '/settings/retention', about: '/settings/about', login: '/login',
  channels: '/settings/channels', 'channel-new-slack': '/settings/channels/new?kind=slack', 'channel-new-email': '/settings/channels/new?kind=email',
  'channel-new-webhook': '/settings/channels/new?kind=webhook', routes: '/settings/routes', route: '/settings/routes/at%20once', 'route-new': '/settings/routes/new',
};
const filled = {
  ...lists, alert: '/alerts/1', 'alert-snoozed': '/alerts/5', 'alert-resolved': '/alerts/7', 'alerts-snoozed': '/alerts?state=snoozed',
  finding: '/findings/1', dismiss: '/dismissals/new?rule=SSH_BRUTE_FORCE&source=demo.log', 'errors-count': '/errors?sort=count',
  error: `/errors/${FINGERPRINT}`, 'events-personal': '/events?personal=1&type=auth.login', 'events-of-site': `/events?site=${SITE}`,
  site: `/sites/${SITE}`, 'site-metrics': `/sites/${SITE}?metric=drupal_signals_total&period=hour`, 'site-rotate': `/sites/${SITE}/rotate`, 'site-disable': `/sites/${SITE}/disable`,
  'channel-mail': '/settings/channels/1', 'channel-off': '/settings/channels/2',
};
const made_up = {
  overview: '/', alerts: '/alerts', 'alerts-all': '/alerts?state=all', 'alerts-searched': '/alerts?state=all&q=nothing-has-this', alert: '/alerts/1', findings: '/findings', 'findings-filtered': '/findings?severity=high&since_hours=168&q=page', 'findings-searched': '/findings?q=nothing-has-this',
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
  (cd "$browser_dir" && CHROMIUM=$(command -v chromium || command -v chromium-browser) HOME="$state/tmp" timeout 1800 node "$@")
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
