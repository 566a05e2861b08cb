#!/usr/bin/env bash
# 49: the Composer package logystera/client against psr/log, Monolog and the frameworks of its examples: PHPUnit with the extension and without, PHPStan at level 9; and the commands of docs/php.md
# lane: compilers
source "$(dirname "$0")/../stage.sh"
install_packages build client
source "$root/dev.d/extension.sh"
source "$root/dev.d/documented.sh"

package="$run_dir/client"  # its vendor directory is left for the next run

# Composer's exit status 2: the packages cannot be resolved. Anything else is for the installation itself to report.
resolvable() {
  local status=0
  composer update --working-dir="$package" --dry-run --no-interaction --no-progress >"$stage_dir/composer.log" 2>&1 || status=$?
  [ "$status" -ne 2 ]
}

# tests_but GROUP [options of PHP]: the tests of all groups but that one.
tests_but() {
  local other=$1
  shift
  (cd "$package" && "$php_bin" -d zend.assertions=1 "$@" vendor/bin/phpunit --exclude-group "$other")
}

# application COMMANDS: runs them in an application's directory, with a clone of this repository in the home.
application() {
  mkdir -p "$stage_dir/home" "$stage_dir/app"
  ln -sfn "$root" "$stage_dir/home/logystera"
  [ -f "$stage_dir/app/composer.json" ] || echo '{}' >"$stage_dir/app/composer.json"
  (cd "$stage_dir/app" && HOME="$stage_dir/home" COMPOSER_HOME="$stage_dir/home/composer" COMPOSER_NO_INTERACTION=1 bash -euo pipefail -c "$1")
}

# The example that stands first in docs/php.md, and why nothing is recorded without the extension.
# shellcheck disable=SC2016  # $recorder, $name and the rest are PHP's
first_example() {
  {
    printf '%s\n' '<?php require "vendor/autoload.php"; $name = "ann"; $_SERVER["REMOTE_ADDR"] = "192.0.2.7";'
    awk '/^```php/ { found = 1; next } found && /^```/ { exit } found { print }' "$root/docs/php.md"
    printf '%s\n' 'echo $recorder->stats()["why_off"];'
  } >"$stage_dir/app/first.php"
  application "$php_bin first.php"
}

check 'every command of docs/php.md is run here' is "$(unrun_commands php)" ''
check 'composer validate --strict' composer validate --strict --no-interaction --no-check-lock "$root/client/composer.json"
mkdir -p "$package"
find "$package" -mindepth 1 -maxdepth 1 ! -name vendor ! -name composer.lock -exec rm -rf {} +
cp -r "$root/client/." "$package/"
if ! resolvable; then
  checks=6
  skip_all "Composer cannot resolve what the package is tested with: $(tail -1 "$stage_dir/composer.log")"
fi
check 'the commands of docs/php.md install the client' application "$(documented 'client')"
check 'its first example runs without the extension' is "$(first_example)" 'the PHP extension logystera is not loaded'
check 'composer installs what it is tested with' composer update --working-dir="$package" --no-interaction --no-progress
locked build-ext build_extension "$build_dir/ext"
check 'PHPUnit without the extension' tests_but extension
check 'PHPUnit with the extension' tests_but fallback -d extension="$build_dir/ext/modules/logystera.so"
check 'PHPStan finds nothing at level 9' \
  "$php_bin" -d memory_limit=-1 "$package/vendor/bin/phpstan" analyse --configuration "$package/phpstan.neon.dist" --no-progress --error-format=raw
finish
