#!/usr/bin/env bash
# 85: phpt, the module's tests and the end-to-end scenario on Debian 13's PHP 8.4 and Drupal 11, in a Debian 13 made for it
# lane: compilers
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/trixie.sh"

stages=(phpt drupal site-drupal site-alerts)

# What would be tested is counted where nothing can be.
skip_all() {
  local count
  count=$(($(find "$root/phpt" -name '*.phpt' | wc -l) + $(grep -rhE 'function test[A-Z]' "$root/drupal-module/tests/src" | wc -l) + 5))
  echo "skipped Drupal 11 on Debian 13: $count tests skipped: $1"
  tally 0 0 "$count"
  finish
}

install_packages build
if [ "$(php -n -r 'echo PHP_VERSION_ID >= 80300 ? "yes" : "no";')" = yes ]; then
  skip 'Drupal 11 on Debian 13' "this machine's PHP $(php -n -r 'echo PHP_VERSION;') runs Drupal 11 in the stages ${stages[*]}"
  finish
fi

mkdir -p "$(dirname "$trixie_dir")"
exec {trixie_lock}>"$trixie_dir.lock"
flock "$trixie_lock"
make_trixie || skip_all "$trixie_refusal"
copy_to_trixie
as_root rm -rf "$trixie_dir$trixie_checkout/.run/test"
status=0
# As the Debian package is built, with which what was compiled is shared.
share_ccache
in_trixie "$trixie_checkout" sh -c './dev build ext && ./dev build program' ||
  fail 'the extension and the program build on Debian 13'
if [ "$failed" -eq 0 ]; then
  in_trixie "$trixie_checkout" ./dev test "${stages[@]}" | tee "$stage_dir/stages.log" || status=$?
fi
cp "$trixie_dir$trixie_checkout"/.run/test/*.log "$stage_dir/" 2>/dev/null || true
for stage_of_it in "${stages[@]}"; do
  [ ! -f "$stage_dir/$stage_of_it.log" ] || { echo "== $stage_of_it" && cat "$stage_dir/$stage_of_it.log"; }
done
read -r -a counts <<<"$(tail -1 "$stage_dir/stages.log" 2>/dev/null | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p')"
if [ ${#counts[@]} -eq 3 ]; then tally "${counts[@]}"; fi
if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ ${#counts[@]} -ne 3 ]; }; then fail 'the stages on Debian 13' "exit status $status"; fi
finish
