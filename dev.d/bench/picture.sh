#!/usr/bin/env bash
# From a large access log to the first picture of it, beside GoAccess and lnav: ./dev bench picture [MIB [ROUNDS]]
source "$(dirname "$0")/../lib.sh"

mib=${1:-1024} rounds=${2:-1}
whole_numbers './dev bench picture [MIB [ROUNDS]]' "$mib" "$rounds"
install_packages build bench
mkdir -p "$run_dir/bench/picture"
build_for_bench logystera bench_scan_generate
php -n "$root/bench/picture/run.php" --build="$build_dir" --work="$run_dir/bench/picture" --json="$run_dir/bench/picture.json" \
  --mib="$mib" --rounds="$rounds"
