# Sourced by the Drupal stages: an ordinary Drupal site, installed by Composer, under the real servers of ../lib.sh.
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

drupal_dir="$root/tests/e2e/drupal"
composer_log="$run_dir/drupal/composer-${stage:-site}.log"
export COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_NO_INTERACTION=1

# The newest Drupal this PHP runs, unless told: a Composer constraint on drupal/core.
drupal_constraint=${LOGYSTERA_DRUPAL:-$("$php_bin" -n -r 'echo PHP_VERSION_ID >= 80300 ? "~11.3.0" : "~10.6.0";')}
drupal_major=$(grep -oE '[0-9]+' <<<"$drupal_constraint" | head -1)

# drupal_is_resolvable site|tools: whether this machine's Composer finds everything the site consists of; what it lacks is in
# $composer_log, and in short in $unresolved.
drupal_is_resolvable() {
  local probe="$run_dir/drupal/probe-${stage:-site}"
  mkdir -p "$probe"
  composer_json "$@" >"$probe/composer.json"
  # Composer's exit status 2: the packages cannot be resolved. Anything else is for the installation itself to report.
  local status=0
  composer update --working-dir="$probe" --dry-run --no-progress --no-audit >"$composer_log" 2>&1 || status=$?
  unresolved=$(grep -oE '(requires|Root composer.json requires) [a-z0-9-]+/[a-z0-9_-]+ .*' "$composer_log" | tail -1 || true)
  [ "$status" -ne 2 ]
}

composer_json() { "$php_bin" "$drupal_dir/composer.php" "$drupal_constraint" "$root/drupal-module" "$@"; }

# drupal_code [tools]: → $code, the site's code, and $web below it; with "tools" a site of its own that can test
# and analyse the module. Kept between runs; only this project's module is put in anew.
drupal_code() {
  code="$run_dir/drupal/${1:-site}-$drupal_major"
  mkdir -p "$code"
  # The web server's user must get there; a checkout under /root (0700) it cannot enter.
  if ! reachable_by_web "$code"; then
    code=/var/tmp/logystera-drupal-$(id -u)-$(printf '%s' "$root ${1:-site}" | sha256sum | cut -c 1-12)-$drupal_major
    mkdir -p "$code"
    chmod 755 "$code"
  fi
  composer_json "$@" >"$code/composer.json.new"
  if ! cmp -s "$code/composer.json.new" "$code/composer.json" || [ ! -f "$code/.complete" ]; then
    rm -rf "$code/.complete" "$code/vendor" "$code/web" "$code/composer.lock"
    mv "$code/composer.json.new" "$code/composer.json"
    composer install --working-dir="$code" --no-progress
    touch "$code/.complete"
  else
    rm -f "$code/composer.json.new"
    composer reinstall --working-dir="$code" --no-progress logystera/drupal-logystera
  fi
  rm -rf "$code/web/modules/custom"
  mkdir -p "$code/web/modules/custom"
  [ "${1:-site}" != site ] || cp -r "$drupal_dir/modules/." "$code/web/modules/custom/"
  chmod -R a+rX "$code"
  web="$code/web"
}

# drupal_site [SETTINGS]: a fresh standard site without Logystera, on SQLite or on the database those lines of settings.php
# describe. Everything it writes belongs to the web server's user.
drupal_site() {
  chmod -R u+w "$web/sites/default"
  find "$web/sites" -mindepth 1 -maxdepth 1 \( -type d ! -name default -o -name sites.php \) -exec rm -rf {} +
  rm -rf "$web/sites/default/files" "$web/sites/default/settings.php"
  web_dir "$state/private" 2770
  web_dir "$state/sync" 700
  web_dir "$web/sites/default" 755
  cp -r "$drupal_dir/cli" "$state/cli"
  cp "$drupal_dir/sendmail.sh" "$state/cli/"
  chmod -R a+rX "$state/cli"
  if [ -n "${1:-}" ]; then
    { cat "$web/sites/default/default.settings.php" && printf "%s\n\$settings['hash_salt'] = '%s';\n" "$1" "$(free_port)-planted-hash-salt" &&
      site_settings; } >"$web/sites/default/settings.php"
    [ "$(id -u)" -ne 0 ] || chown "$web_user:$web_group" "$web/sites/default/settings.php"
    drupal_php "$state/cli/install.php"
  else
    drupal_php core/scripts/drupal install standard --site-name 'Test site' --no-interaction
    chmod -R u+w "$web/sites/default"
    {
      site_settings
      printf '%s\n' "\$databases['default']['default']['init_commands'] = ['synchronous' => 'PRAGMA synchronous = OFF'];"
    } >>"$web/sites/default/settings.php"
  fi
}

# second_site NAME: one more site of the same code, at NAME.localhost. SITE_URI=http://NAME.localhost/ is it on the command line.
second_site() {
  web_dir "$web/sites/$1" 755
  printf "<?php\n\$sites['%s.localhost'] = '%s';\n" "$1" "$1" >"$web/sites/sites.php"
  DRUPAL_DEV_SITE_PATH="sites/$1" drupal_php core/scripts/drupal install standard --site-name 'Second site' --no-interaction
  chmod -R u+w "$web/sites/$1"
  {
    site_settings
    printf '%s\n' "\$databases['default']['default']['init_commands'] = ['synchronous' => 'PRAGMA synchronous = OFF'];"
  } >>"$web/sites/$1/settings.php"
}

site_settings() {
  cat <<PHP
\$settings['file_private_path'] = '$state/private';
\$settings['config_sync_directory'] = '$state/sync';
\$settings['logystera_integrity_seconds'] = 60;
\$settings['trusted_host_patterns'] = ['^127\.0\.0\.1\$', '^localhost\$', '\.localhost\$'];
PHP
}

# drush COMMAND...: as the site's user, with the extension; standard input goes to it.
drush() { drupal_php ../vendor/bin/drush.php --uri="$site_url" "$@"; }

# drupal_php SCRIPT ARGUMENT...: a script in the site's directory, as the site's user, with the extension. Nothing of it is
# kept in the directory of whoever started this.
drupal_php() {
  (cd "$web" && HOME="$state/tmp" TMPDIR="$state/tmp" as_web "$php_bin" "${php_options[@]}" -d memory_limit=512M "$@")
}

# scenario PART [ARGUMENT]: one part of scenario.php, with the facts as they stand.
scenario() {
  (
    umask 077
    printf '{"site":"%s","cron_key":"%s","login_link":"%s","next_uid":%d,"accounts":%s,"gateway":{"url":"%s","token":"%s","secret":"%s"}}\n' \
      "$site_url" "$cron_key" "${login_link:-}" "${next_uid:-0}" "$accounts" "$gateway_url" "$entity_token" "$entity_secret" >"$state/scenario.json"
  )
  "$php_bin" "$drupal_dir/scenario.php" "$1" "$state" "${2:-}"
}

# One file of a module altered, one gone, one new; nobody released anything.
change_the_code() {
  local module="$web/modules/custom/logystera_site_test"
  printf '\n# altered\n' >>"$module/logystera_site_test.routing.yml" && rm "$module/left_over.inc" && echo '<?php' >"$module/added.php"
}

# What the Update module is to hear of: a security release after the installed one, from the site's own web server.
publish_a_release() {
  local installed branch
  installed=$(drupal_php "$state/cli/news.php" "$site_url/release-history") && branch=${installed%.*} &&
    mkdir -p "$web/release-history/drupal" &&
    sed "s/@INSTALLED@/$installed/g; s/@NEXT@/$branch.999/g; s/@BRANCH@/$branch/g" "$drupal_dir/release-history.xml" >"$web/release-history/drupal/current"
}

show_logs() {
  local log
  for log in "$state"/log/*.log; do
    [ ! -s "$log" ] || { echo "== $(basename "$log")" && tail -n 20 "$log"; }
  done
}

# run_site_checks CHECK...: functions, one after the other, each building on those before, on an empty state directory; ends the
# stage. The first that fails ends it at once. One that this machine cannot run says so by `cannot REASON || return`.
run_site_checks() {
  local check status
  mkdir -p "$run_dir/drupal"
  if ! drupal_is_resolvable site; then
    echo "skipped Drupal: $# skipped: not resolvable by Composer: $unresolved"
    tally 0 0 $#
    finish
  fi
  open_state "$stage_dir/state"
  buffer="$state/private/logystera"
  for check in "$@"; do
    say "${check//_/ }"
    status=0
    "$check" || status=$?
    case "$status" in
      0) pass "${check//_/ }" ;;
      77) skip "${check//_/ }" "$cannot_because" ;;
      *)
        fail "${check//_/ }"
        show_logs
        finish
        ;;
    esac
  done
  finish
}

cannot() {
  cannot_because=$1
  return 77
}
