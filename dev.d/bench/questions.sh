#!/usr/bin/env bash
# Ten questions to a week of logs, a command each, beside lnav and GoAccess; wrong answers fail: ./dev bench questions [MIB [ROUNDS]]
source "$(dirname "$0")/../lib.sh"

mib=${1:-300} rounds=${2:-3}
whole_numbers './dev bench questions [MIB [ROUNDS]]' "$mib" "$rounds"
install_packages build bench
build_targets logystera >/dev/null
mkdir -p "$run_dir/bench/week"
php -n "$root/bench/week/questions.php" --build="$build_dir" --work="$run_dir/bench/week" --json="$run_dir/bench/questions.json" --mib="$mib" --rounds="$rounds"
