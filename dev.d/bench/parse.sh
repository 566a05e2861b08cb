#!/usr/bin/env bash
# Log lines and Windows events to records on one core, in MB/s: ./dev bench parse [ROUNDS [FILE...]]; generated logs without files
source "$(dirname "$0")/../lib.sh"

install_packages build
cmake -S "$root" -B "$build_dir" -G Ninja >/dev/null
ninja -C "$build_dir" -j "$jobs" parse_rate >/dev/null
mkdir -p "$run_dir/bench"
"$build_dir/parse_rate" --rounds "${1:-5}" "${@:2}" | tee "$run_dir/bench/parse.json"
