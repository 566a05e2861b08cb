#!/usr/bin/env bash
# Signals: events a second on one core with all rules on signals at work: ./dev bench signals [ROUNDS]
source "$(dirname "$0")/../lib.sh"

install_packages build bench
build_for_bench signals_bench
"$build_dir/signals_bench" "${1:-5}" | tee "$run_dir/bench/signals.json"
