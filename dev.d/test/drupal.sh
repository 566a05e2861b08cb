#!/usr/bin/env bash
# 78: the Drupal module's Kernel and Functional tests (PHPUnit) with the extension in the command line's PHP and in PHP-FPM
# lane: compilers
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal
source "$root/tests/e2e/drupal/site.sh"
source "$root/tests/e2e/drupal/phpunit.sh"

mkdir -p "$run_dir/drupal"
if ! drupal_is_resolvable tools; then
  count=$(grep -rhE 'function test[A-Z]' "$root/drupal-module/tests/src" | wc -l)
  echo "skipped Drupal: $count tests skipped: not resolvable by Composer: $unresolved"
  tally 0 0 "$count"
  finish
fi
"$root/dev" build ext
open_state "$stage_dir/state"
drupal_code tools
prepare_phpunit

# What a group is named after has to be so in the whole process: PHP itself starts differently.
run_phpunit with-extension "$extension_so" --exclude-group unusual_extension
run_phpunit without-extension '' --group extension_missing
last_digit=$(tail -c 2 "$root/VERSION" | tr -d '\n')
run_phpunit older-extension "$(extension_of_version "0.0.$last_digit")" --group extension_older
run_phpunit newer-extension "$(extension_of_version "9.0.$last_digit")" --group extension_newer
finish
