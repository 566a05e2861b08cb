#!/usr/bin/env bash
# What functions of plugins cost a record, in nanoseconds, on one core: ./dev bench plugins [ROUNDS]
source "$(dirname "$0")/../lib.sh"

install_packages build
build_for_bench plugin_bench
"$build_dir/plugin_bench" "${1:-5}" | tee "$run_dir/bench/plugins.json"
