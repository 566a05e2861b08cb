#!/usr/bin/env bash
# Log lines and Windows events to records on one core, in MB/s: ./dev bench parse [ROUNDS [FILE...]]; generated logs without files
source "$(dirname "$0")/../lib.sh"

install_packages build
build_for_bench parse_rate
"$build_dir/parse_rate" --rounds "${1:-5}" "${@:2}" | tee "$run_dir/bench/parse.json"
