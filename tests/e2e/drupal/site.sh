# Sourced by the Drupal stage: an ordinary Drupal site, installed by Composer, under the real servers of ../lib.sh.
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

drupal_dir="$root/tests/e2e/drupal"
composer_log="$run_dir/drupal/composer.log"

# drupal_is_resolvable: whether this machine's Composer finds drupal/core at all.
drupal_is_resolvable() {
  composer show --working-dir="$drupal_dir" --available --no-interaction drupal/core '10.6.*' >"$composer_log" 2>&1
}

# drupal_code: → $code, the site's code. Kept between runs; only this project's module is put in anew.
drupal_code() {
  code="$run_dir/drupal/site"
  mkdir -p "$code"
  # The web server's user must get there; a checkout under /root (0700) it cannot enter.
  if ! reachable_by_web "$code"; then
    code=/var/tmp/logystera-drupal-$(id -u)-$(printf '%s' "$root" | sha256sum | cut -c 1-12)
    mkdir -p "$code"
    chmod 755 "$code"
  fi
  sed "s|\"../../../drupal-module\"|\"$root/drupal-module\"|" "$drupal_dir/composer.json" >"$code/composer.json.new"
  export COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_NO_INTERACTION=1
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
  cp -r "$drupal_dir/modules/." "$code/web/modules/custom/"
  chmod -R a+rX "$code"
  web="$code/web"
}

# drupal_site: a fresh standard site on SQLite, without Logystera. Everything it writes belongs to the web server's user.
drupal_site() {
  chmod -R u+w "$web/sites/default"
  rm -rf "$web/sites/default/files" "$web/sites/default/settings.php"
  web_dir "$state/private" 2770
  web_dir "$state/sync" 700
  web_dir "$web/sites/default" 755
  cp -r "$drupal_dir/cli" "$state/cli"
  cp "$drupal_dir/sendmail.sh" "$state/cli/"
  chmod -R a+rX "$state/cli"
  drupal_php core/scripts/drupal install standard --site-name 'Test site' --no-interaction
  chmod -R u+w "$web/sites/default"
  cat >>"$web/sites/default/settings.php" <<PHP
\$settings['file_private_path'] = '$state/private';
\$settings['config_sync_directory'] = '$state/sync';
\$settings['logystera_integrity_seconds'] = 60;
\$databases['default']['default']['init_commands'] = ['synchronous' => 'PRAGMA synchronous = OFF'];
\$settings['trusted_host_patterns'] = ['^127\.0\.0\.1$', '^localhost$'];
PHP
}

# drupal_php SCRIPT ARGUMENT...: a script in the site's directory, as the site's user, with the extension. Nothing of it is
# kept in the directory of whoever started this.
drupal_php() {
  (cd "$web" && HOME="$state/tmp" TMPDIR="$state/tmp" as_web "$php_bin" "${php_options[@]}" -d memory_limit=512M "$@")
}
