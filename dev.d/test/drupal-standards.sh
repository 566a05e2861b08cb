#!/usr/bin/env bash
# 75: the Drupal module keeps Drupal's coding standards (phpcs with drupal/coder), phpstan-drupal finds nothing, and its composer.json is valid
# lane: compilers
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal
source "$root/tests/e2e/drupal/site.sh"

coding_standards() {
  local tools="$run_dir/drupal/coder" status=0
  mkdir -p "$tools"
  cat >"$tools/composer.json" <<'JSON'
{"require": {"drupal/coder": "^8.3"}, "config": {"allow-plugins": {"dealerdirect/phpcodesniffer-composer-installer": true}}}
JSON
  if [ ! -x "$tools/vendor/bin/phpcs" ]; then
    # Composer's exit status 2: the packages cannot be resolved. Anything else is for the installation itself to report.
    composer update --working-dir="$tools" --dry-run --no-progress || status=$?
    if [ "$status" -eq 2 ]; then
      skip 'coding standards' 'drupal/coder is not resolvable by Composer'
      return 0
    fi
    composer install --working-dir="$tools" --no-progress
  fi
  check 'phpcs with Drupal and DrupalPractice finds nothing' \
    "$tools/vendor/bin/phpcs" -q --standard="$root/drupal-module/phpcs.xml.dist" "$root/drupal-module"
}

# The module where Composer put it, so that the classes of core and of the tests are found; the extension by its stubs.
static_analysis() {
  if ! drupal_is_resolvable tools; then
    skip 'static analysis' "not resolvable by Composer: $unresolved"
    return 0
  fi
  drupal_code tools
  cat >"$stage_dir/phpstan.neon" <<NEON
includes: ["$web/modules/contrib/logystera/phpstan.neon.dist"]
parameters:
  scanFiles: ["$root/stubs/logystera.stub.php"]
  tmpDir: "$stage_dir/phpstan"
NEON
  check 'phpstan with phpstan-drupal finds nothing' \
    "$php_bin" -d memory_limit=-1 "$code/vendor/bin/phpstan" analyse --configuration "$stage_dir/phpstan.neon" --no-progress --error-format=raw
}

mkdir -p "$run_dir/drupal"
coding_standards
static_analysis
check 'composer validate --strict' composer validate --strict --no-interaction --no-check-lock "$root/drupal-module/composer.json"
finish
