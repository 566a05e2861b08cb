#!/usr/bin/env bash
# The whole engine beside what one would use instead, and its bars met or not: ./dev bench scan [MIB [ADDRESSES [ROUNDS]]]
source "$(dirname "$0")/../lib.sh"

mib=${1:-1024} addresses=${2:-600000} rounds=${3:-5}
whole_numbers './dev bench scan [MIB [ADDRESSES [ROUNDS]]]' "$mib" "$addresses" "$rounds"
install_packages build bench
build_for_bench logystera bench_scan_generate bench_scan_vectorscan parse_rate detect_bench
mkdir -p "$run_dir/bench/scan"
php -n "$root/bench/scan/run.php" --build="$build_dir" --work="$run_dir/bench/scan" --data="${LOGYSTERA_DATA:-$root/../shared/data}" \
  --json="$run_dir/bench/scan.json" --mib="$mib" --addresses="$addresses" --rounds="$rounds" ${LOGYSTERA_BENCH_ALL:+--all}
