#!/usr/bin/env bash
# Redaction of access logs on one core, in GB/s: ./dev bench redact [MEGABYTES [ADDRESSES [ROUNDS]]]
source "$(dirname "$0")/../lib.sh"

install_packages build bench
cmake -S "$root" -B "$build_dir" -G Ninja >/dev/null
ninja -C "$build_dir" -j "$jobs" redact_bench >/dev/null
mkdir -p "$run_dir/bench"
"$build_dir/redact_bench" "${1:-1024}" "${2:-500000}" "${3:-5}" | tee "$run_dir/bench/redact.json"
