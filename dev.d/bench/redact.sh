#!/usr/bin/env bash
# Redaction of access logs on one core, in GB/s: ./dev bench redact [MEGABYTES [ADDRESSES [ROUNDS]]]
source "$(dirname "$0")/../lib.sh"

install_packages build bench
build_for_bench redact_bench
"$build_dir/redact_bench" "${1:-1024}" "${2:-500000}" "${3:-5}" | tee "$run_dir/bench/redact.json"
