#!/usr/bin/env bash
# a visitor's and an administrator's day reach the gateway: exactly these events, each once
source "$(dirname "$0")/../plain.sh"
open_state "$1"
start_gateway
prepare_site site
start_sites site
new_entity site

as_admin=(-b "$state/tmp/cookies" -c "$state/tmp/cookies")
expect 'front page' 200 "$(visit /)"
expect 'a page with a query string' 200 "$(visit '/page/7?token=must-not-be-recorded')"
expect 'a member page' 200 "$(visit /user/2)"
expect 'admin area without login' 403 "$(visit /admin/settings)"
expect 'wrong password' 403 "$(visit /login -d 'name=admin&pass=wrong-pass-value')"
expect 'login' 303 "$(visit /login "${as_admin[@]}" -d 'name=admin&pass=correct horse')"
expect 'settings form' 200 "$(visit /admin/settings "${as_admin[@]}")"
expect 'settings saved' 303 "$(visit /admin/settings "${as_admin[@]}" -d 'title=must-not-be-recorded-either')"
expect 'account made' 303 "$(visit /admin/users "${as_admin[@]}" -d 'name=new-member-name')"
expect 'role given' 303 "$(visit /admin/user/3/role "${as_admin[@]}" -X POST)"
expect 'account blocked' 303 "$(visit /admin/user/3/block "${as_admin[@]}" -X POST)"
expect 'script request' 200 "$(visit /api/articles -H 'X-Requested-With: XMLHttpRequest')"
expect 'logout' 303 "$(visit /logout "${as_admin[@]}" -X POST)"
expect 'missing page' 404 "$(visit /nowhere)"

expect 'cron' sent "$(cron site | tee "$state/log/cron.log" | field status)"
stored_events >"$state/stored.jsonl"
sed -e "s|{agent}|$site_agent|" "$plain_dir/expected.jsonl" >"$state/expected.jsonl"
"$php_bin" "$root/tests/e2e/compare-events.php" "$state/expected.jsonl" "$state/stored.jsonl" "$uid_key"

# Nothing of what was typed, but for the name at the failed login, and no raw user id in a path.
for secret in wrong-pass-value 'correct horse' must-not-be-recorded new-member-name /user/2\" /user/3/; do
  if grep -rF -- "$secret" "$state/stored.jsonl" "$(buffer_of site)"; then
    echo "\"$secret\" was recorded" >&2
    exit 1
  fi
done
expect 'a second cron run' idle "$(cron site | field status)"
