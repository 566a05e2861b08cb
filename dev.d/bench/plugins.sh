#!/usr/bin/env bash
# What functions of plugins cost a record, in nanoseconds, on one core: ./dev bench plugins [ROUNDS]
source "$(dirname "$0")/../lib.sh"

install_packages build
cmake -S "$root" -B "$build_dir" -G Ninja >/dev/null
ninja -C "$build_dir" -j "$jobs" plugin_bench >/dev/null
mkdir -p "$run_dir/bench"
"$build_dir/plugin_bench" "${1:-5}" | tee "$run_dir/bench/plugins.json"
