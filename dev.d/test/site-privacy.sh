#!/usr/bin/env bash
# 84: a Drupal site whose every secret is planted and looked for; before it is connected it talks to nobody
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal privacy
source "$root/tests/e2e/drupal/site.sh"

readonly boss_uid=918273645 maria_uid=918273646 next_uid=918273647
readonly operator_password=planted-password-operator
readonly accounts="[{\"uid\":$boss_uid,\"name\":\"boss\",\"pass\":\"planted-password-boss\",\"roles\":[\"administrator\"]},
  {\"uid\":$maria_uid,\"name\":\"maria\",\"pass\":\"planted-password-maria\"}]"
pool() { printf 'pm.max_children = 1\nphp_admin_value[sendmail_path] = %s\n' "$state/cli/sendmail.sh"; }
sweep() { "$php_bin" -n -d memory_limit=2G "$drupal_dir/sweep.php" "$@"; }

# A network of the site's own: the way out ends at the other end of a cable, where somebody listens.
# shellcheck disable=SC2016
readonly lonely='
  ip link set lo up && ip link add out type veth peer name ear && ip link set out up && ip link set ear up &&
    ip addr add 192.0.2.2/24 dev out && ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev out nud permanent && ip route add default via 192.0.2.1 &&
    exec "$@"'

a_standard_site_installs() {
  drupal_code && drupal_site && cron_key=$(drupal_php "$state/cli/prepare.php" "$accounts") &&
    drupal_php "$state/cli/modules.php" install logystera && mkdir -p "$state/pages" "$state/other-pages" "$state/export" "$state/control" && plant
}

# What is planted by name; visitors add the cookies and tokens they are given.
plant() {
  {
    printf 'uid\t%s\n' "$boss_uid" "$maria_uid" "$next_uid"
    printf 'password\t%s\n' planted-password-boss planted-password-maria planted-password-1 planted-wrong-password
    printf '~password at the gateway\t%s\n' "$operator_password"
    printf 'address\t%s\n' planted.mail@example.org maria@example.org boss@example.org
    printf 'content\t%s\n' planted-body planted-title planted-content
    printf 'configuration\t%s\n' planted-site-name planted-configuration-value
    printf 'value of a statement\t%s\n' nobody-may-see
    printf 'query string\t%s\n' planted-query-value planted-value
    printf 'words of an exception\t%s\n' planted-name
    printf 'cron key\t%s\n' "$cron_key"
    drupal_php "$state/cli/secrets.php"
  } >"$state/secrets" && chmod 600 "$state/secrets"
}

before_it_is_connected_the_site_talks_to_nobody() {
  [ "$(id -u)" -eq 0 ] || cannot 'a network of its own needs root' || return
  unshare --net bash -c "$lonely" lonely true 2>"$state/tmp/net" || cannot "$(head -1 "$state/tmp/net")" || return
  fpm_wrapper=(unshare --net -- bash -c "$lonely" lonely)
  start_fpm "$web" "$(pool)" && start_nginx "$web" "$(visits)" || return
  # The Update module's own look for news goes to port 9 of the site's machine, where the test sent it.
  start_process ear nsenter --net="/proc/$(process_id fpm)/ns/net" tcpdump -Z root -i any -n -l -q '(tcp or udp) and not port 9'
  await ear 'tcpdump to listen' grep -q 'listening on' "$state/log/ear.log" || return
  gateway_url='' entity_token='' entity_secret='' scenario quiet_pages && lonely_php "$state/cli/cron.php" && [ -z "$(packets)" ] || { packets; return 1; }
  # What it would have heard: a name looked up, a server called.
  lonely_php -r '@fsockopen("198.51.100.7", 443, $code, $text, 0.5); @fsockopen("127.0.0.1", 7, $code, $text, 0.5); gethostbyname("gateway.example.org");' &
  local caller=$!
  wait_until 'a call to be heard' 60 heard_all || { packets; return 1; }
  kill "$caller" 2>/dev/null || true
  wait "$caller" 2>/dev/null || true
  stop_process ear && stop_process nginx && stop_process fpm && fpm_wrapper=()
}

lonely_php() {
  (cd "$web" && HOME="$state/tmp" TMPDIR="$state/tmp" nsenter --net="/proc/$(process_id fpm)/ns/net" \
    setpriv --reuid "$web_user" --regid "$web_group" --init-groups -- "$php_bin" "${php_options[@]}" -d memory_limit=512M "$@")
}
packets() { grep -E ' IP6? ' "$state/log/ear.log" || true; }
heard_all() { packets | grep -q '198\.51\.100\.7\.443' && packets | grep -q '127\.0\.0\.1\.7:' && packets | grep -q '\.53: '; }

# What visitors sent, for the proof that the secrets were there to be found.
nginx_http_lines=("log_format visits escape=none '\$request \$http_cookie \$http_authorization \$request_body';")
visits() { printf 'access_log %s visits;\n' "$state/visits.log"; }

the_whole_scenario_runs_with_planted_secrets() {
  start_fpm "$web" "$(pool)" && start_nginx "$web" "$(visits)" && start_gateway && new_entity drupal &&
    printf 'entity secret\t%s\n' "$entity_secret" >>"$state/secrets" && login_link=$(drupal_php "$state/cli/login_link.php" maria) &&
    printf 'login link\t%s\n' "$(cut -d/ -f6 <<<"$login_link")" >>"$state/secrets" &&
    logystera user add operator <<<"$operator_password" && scenario before_connecting && scenario connect && scenario one_click "$operator_password" &&
    printf '~entity secret by one click\t%s\n' "$(drupal_php "$state/cli/secret.php")" >>"$state/secrets" &&
    scenario a_day && publish_a_release && scenario more_of_the_day && scenario faults &&
    drupal_php "$state/cli/configuration.php" && scenario import_configuration && scenario what_pages_show
}

# Otherwise not finding them would say nothing.
every_secret_was_there_and_is_found_where_it_belongs() {
  drupal_php "$state/cli/rows.php" all >"$state/control-rows" && sort -u -o "$state/secrets" "$state/secrets" &&
    sweep all "$state/secrets" "$state/visits.log" "$state/tmp" "$state/control-rows" "$web/sites/default/settings.php" && sweep control "$state/secrets" "$state/control"
}

no_secret_is_in_the_buffer() { sweep none "$state/secrets" "$buffer"; }

# What every page of the site shows (its name, whose session it is) is not the module's doing.
no_secret_is_in_tabs_payloads_exports_and_phpinfo() { sweep none-but "$state/other-pages" "$state/secrets" "$state/pages"; }

no_secret_is_at_the_gateway() {
  scenario the_rest && drupal_php "$state/cli/flush.php" >"$state/export/flush" && logystera --json events >"$state/events.jsonl" &&
    [ "$(wc -l <"$state/events.jsonl")" -gt 150 ] && logystera entity list >"$state/export/entities" && logystera events >"$state/export/events" &&
    logystera --json support show "$(logystera --json support list | grep -o 'sup_[A-Za-z0-9_-]*')" >"$state/export/support" &&
    grep -q '"message":"Help is needed\."' "$state/export/support" && grep -q 'extension' "$state/export/support" &&
    sweep none "$state/secrets" "$state"/gateway.db* "$state/events.jsonl" "$state"/export/{entities,events,support,flush} "$buffer"
}

# Drupal itself logs what an uncaught exception says: the one page that throws.
no_secret_is_in_a_log() {
  mkdir -p "$state/export/log" && cp "$state"/log/*.log "$state/export/log/" &&
    sed -i '/Uncaught PHP Exception DomainException/d' "$state/export/log/php-error.log" && sweep none "$state/secrets" "$state/export/log"
}

no_secret_is_in_what_the_module_keeps_in_the_database() {
  drupal_php "$state/cli/rows.php" own >"$state/export/rows" && grep -q 'logystera.credentials' "$state/export/rows" &&
    sweep none "$state/secrets" "$state/export/rows"
}

# A whole dump, and all of the configuration: neither gives away what connects the site.
neither_a_dump_nor_an_export_connects_anybody() {
  grep -E '^(~?entity secret|hash salt|~key of)' "$state/secrets" >"$state/secrets-of-the-connection" &&
    sweep none "$state/secrets-of-the-connection" "$state/control-rows" "$state/export/config.tar.gz" "$web/sites/default/files" &&
    tar -xzOf "$state/export/config.tar.gz" logystera.settings.yml >"$state/export/settings.yml" && sweep none "$state/secrets" "$state/export/settings.yml"
}

run_site_checks a_standard_site_installs before_it_is_connected_the_site_talks_to_nobody the_whole_scenario_runs_with_planted_secrets \
  every_secret_was_there_and_is_found_where_it_belongs no_secret_is_in_the_buffer no_secret_is_in_tabs_payloads_exports_and_phpinfo \
  no_secret_is_at_the_gateway no_secret_is_in_a_log no_secret_is_in_what_the_module_keeps_in_the_database \
  neither_a_dump_nor_an_export_connects_anybody
