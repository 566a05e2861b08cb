#!/usr/bin/env bash
# Signals: events a second on one core with all rules on signals at work: ./dev bench signals [ROUNDS]
source "$(dirname "$0")/../lib.sh"

install_packages build bench
cmake -S "$root" -B "$build_dir" -G Ninja >/dev/null
ninja -C "$build_dir" -j "$jobs" signals_bench >/dev/null
mkdir -p "$run_dir/bench"
"$build_dir/signals_bench" "${1:-5}" | tee "$run_dir/bench/signals.json"
