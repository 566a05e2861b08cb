#!/usr/bin/env bash
# From a large access log to the first picture of it, beside GoAccess and lnav: ./dev bench picture [MIB [ROUNDS]]
source "$(dirname "$0")/../lib.sh"

mib=${1:-1024} rounds=${2:-1}
for number in "$mib" "$rounds"; do
  [[ "$number" =~ ^[1-9][0-9]*$ ]] || die 'usage: ./dev bench picture [MIB [ROUNDS]]'
done
install_packages build bench
mkdir -p "$run_dir/bench/picture"
cmake -S "$root" -B "$build_dir" -G Ninja >"$run_dir/bench-build.log"
ninja -C "$build_dir" -j "$jobs" logystera bench_scan_generate >>"$run_dir/bench-build.log" ||
  die 'the build failed (whole log: .run/bench-build.log)'
php -n "$root/bench/picture/run.php" --build="$build_dir" --work="$run_dir/bench/picture" --json="$run_dir/bench/picture.json" \
  --mib="$mib" --rounds="$rounds"
