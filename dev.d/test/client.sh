#!/usr/bin/env bash
# 49: the Composer package logystera/client against psr/log, Monolog and the frameworks of its examples: PHPUnit with the extension and without, PHPStan at level 9
# lane: compilers
source "$(dirname "$0")/../stage.sh"
install_packages build client
source "$root/dev.d/extension.sh"

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

check 'composer validate --strict' composer validate --strict --no-interaction --no-check-lock "$root/client/composer.json"
mkdir -p "$package"
find "$package" -mindepth 1 -maxdepth 1 ! -name vendor ! -name composer.lock -exec rm -rf {} +
cp -r "$root/client/." "$package/"
if ! resolvable; then
  checks=4
  skip_all "Composer cannot resolve what the package is tested with: $(tail -1 "$stage_dir/composer.log")"
fi
check 'composer installs what it is tested with' composer update --working-dir="$package" --no-interaction --no-progress
locked build-ext build_extension "$build_dir/ext"
check 'PHPUnit without the extension' tests_but extension
check 'PHPUnit with the extension' tests_but fallback -d extension="$build_dir/ext/modules/logystera.so"
check 'PHPStan finds nothing at level 9' \
  "$php_bin" -d memory_limit=-1 "$package/vendor/bin/phpstan" analyse --configuration "$package/phpstan.neon.dist" --no-progress --error-format=raw
finish
