#!/usr/bin/env bash
# What the Drupal module costs a page: instructions, agent time and latency, against no module and against a twin in PHP
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../tests/e2e/drupal/site.sh"
source "$root/dev.d/extension.sh"

install_packages build site drupal bench
mkdir -p "$run_dir/bench" "$run_dir/drupal"
drupal_is_resolvable || die 'drupal/core is not resolvable by Composer here: nothing to measure'
say 'building the extension and the measuring program, optimised'
{
  build_extension "$build_dir/ext" "$php_bin"
  cmake -S "$root" -B "$build_dir" -G Ninja
  ninja -C "$build_dir" -j "$jobs" bench_fcgi_client
} >"$run_dir/bench-build.log" 2>&1 || die "the build failed (whole log: .run/bench-build.log)"

say 'installing the sites'
# Nobody but this script asks these sites anything: they run as whoever calls it.
as_web() { "$@"; }
bench_site() { printf '%s/sites/%s.bench.localhost' "$web" "$1"; }
prepare() { (cd "$web" && "$php_bin" "$@"); }

# site NAME EXTENSION AGENT MODULE...: a copy of the base site with those modules; a line of the list of sites.
site() {
  local name=$1 extension=$2 agent=$3 directory host=$1.bench.localhost samples=null cookie options=()
  shift 3
  directory=$(bench_site "$name")
  mkdir -p "$directory/files"
  cp "$web/sites/default/files/.sqlite" "$directory/files/.sqlite"
  sed "s|sites/default/files/.sqlite|sites/$host/files/.sqlite|; s|'$state/private'|'$state/$name'|" "$web/sites/default/settings.php" >"$directory/settings.php"
  {
    printf "\$settings['trusted_host_patterns'] = ['^%s$'];\n" "${host//./\\.}"
    # Core writes the time of the last access every three minutes: one request of many would pay for it.
    printf "\$settings['session_write_interval'] = 1000000;\n"
    printf "\$settings['logystera_buffer_path'] = '%s';\n" "$state/$name/buffer"
    printf "\$settings['logystera_bench_agent'] = '%s';\n" "$agent"
  } >>"$directory/settings.php"
  if [[ "$name" == timed-* ]]; then
    samples="\"$state/$name.samples\""
    printf "\$settings['logystera_bench_samples'] = '%s';\n" "$state/$name.samples" >>"$directory/settings.php"
  fi
  mkdir -p "$state/$name"
  [ "$extension" = false ] || options=(-d "extension=$extension_so")
  cookie=$(prepare "${options[@]}" "$root/bench/drupal/prepare.php" "$host" "$@")
  printf '{"name":"%s","host":"%s","cookie":"%s","samples":%s,"extension":%s}\n' "$name" "$host" "$cookie" "$samples" "$extension"
}

close_bench() {
  local status=$?
  trap - EXIT
  [ -n "${KEEP:-}" ] || [ -z "${web:-}" ] || rm -rf "$web"/sites/*.bench.localhost "$web/sites/sites.php" "$web/modules/custom/logystera_bench"
  exit "$status"
}

open_state "$run_dir/bench/drupal"
trap close_bench EXIT
{
  drupal_code
  drupal_site
  touch "$web/sites/sites.php"
  cp -r "$root/bench/drupal/modules/." "$web/modules/custom/"
  "$php_bin" "$root/bench/drupal/catalogue.php" "$root/signals.json" >"$web/modules/custom/logystera_bench/catalogue.php"
  prepare "$root/bench/drupal/prepare.php" base
} >"$state/log/install.log" 2>&1 || die "the sites could not be installed (whole log: ${state#"$root/"}/log/install.log)"
{
  site off false ''
  site on true '' logystera
  site twin false php logystera logystera_bench
  site timed-on true native logystera logystera_bench
  site timed-twin false php logystera logystera_bench
  site timed-idle true idle logystera logystera_bench
} >"$state/sites.json"

say 'measuring (about ten minutes)'
"$php_bin" "$root/bench/drupal/run.php" --sites="$state/sites.json" --web="$web" --work="$state" --json="$run_dir/bench/drupal.json" \
  --extension="$extension_so" --client="$build_dir/bench_fcgi_client" --fpm="$(php_tool php-fpm)" --cgi="$(php_tool php-cgi)" "$@"
