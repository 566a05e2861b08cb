#!/usr/bin/env bash
# The same questions to lnav, to `query` and to `top`: time and peak memory: ./dev bench ask [MIB [ROUNDS]]
source "$(dirname "$0")/../lib.sh"

mib=${1:-200} rounds=${2:-5}
for number in "$mib" "$rounds"; do
  [[ "$number" =~ ^[1-9][0-9]*$ ]] || die 'usage: ./dev bench ask [MIB [ROUNDS]]'
done
install_packages build bench
cmake -S "$root" -B "$build_dir" -G Ninja >/dev/null
ninja -C "$build_dir" -j "$jobs" logystera bench_scan_generate >/dev/null
mkdir -p "$run_dir/bench/ask"
php -n "$root/bench/ask/run.php" --build="$build_dir" --work="$run_dir/bench/ask" --json="$run_dir/bench/ask.json" --mib="$mib" \
  --rounds="$rounds"
