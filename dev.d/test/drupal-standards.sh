#!/usr/bin/env bash
# 75: the Drupal module keeps Drupal's coding standards (phpcs with drupal/coder)
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal

tools="$run_dir/drupal/coder"
mkdir -p "$tools"
export COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_NO_INTERACTION=1
cat >"$tools/composer.json" <<'JSON'
{"require": {"drupal/coder": "^8.3"}, "config": {"allow-plugins": {"dealerdirect/phpcodesniffer-composer-installer": true}}}
JSON
if [ ! -x "$tools/vendor/bin/phpcs" ]; then
  # Composer's exit status 2: the packages cannot be resolved. Anything else is for the installation itself to report.
  status=0
  composer update --working-dir="$tools" --dry-run --no-progress || status=$?
  if [ "$status" -eq 2 ]; then
    skip 'coding standards' 'drupal/coder is not resolvable by Composer'
    finish
  fi
  composer install --working-dir="$tools" --no-progress
fi
check 'phpcs with Drupal and DrupalPractice finds nothing' \
  "$tools/vendor/bin/phpcs" -q --standard="$root/drupal-module/phpcs.xml.dist" "$root/drupal-module"
finish
