#!/usr/bin/env bash
# The same questions to lnav, to `query` and to `top`: time and peak memory: ./dev bench ask [MIB [ROUNDS]]
source "$(dirname "$0")/../lib.sh"

mib=${1:-200} rounds=${2:-5}
whole_numbers './dev bench ask [MIB [ROUNDS]]' "$mib" "$rounds"
install_packages build bench
build_for_bench logystera bench_scan_generate
mkdir -p "$run_dir/bench/ask"
php -n "$root/bench/ask/run.php" --build="$build_dir" --work="$run_dir/bench/ask" --json="$run_dir/bench/ask.json" --mib="$mib" \
  --rounds="$rounds"
