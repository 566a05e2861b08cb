#!/usr/bin/env bash
# A week of logs with a break-in: cold start to the last screen, and whether it stands there: ./dev bench week [MIB [ROUNDS]]
source "$(dirname "$0")/../lib.sh"

mib=${1:-300} rounds=${2:-3}
whole_numbers './dev bench week [MIB [ROUNDS]]' "$mib" "$rounds"
install_packages build bench
build_targets logystera >/dev/null
mkdir -p "$run_dir/bench/week"
php -n "$root/bench/week/run.php" --build="$build_dir" --work="$run_dir/bench/week" --json="$run_dir/bench/week.json" --mib="$mib" --rounds="$rounds"
