#!/usr/bin/env bash
# Rules: start-up with the whole Sigma set, events a second over EVTX: ./dev bench detect [ROUNDS]
source "$(dirname "$0")/../lib.sh"

data=${LOGYSTERA_DATA:-$root/../shared/data}
[ -d "$data/sigma" ] || die "the shared test data is not at hand: set LOGYSTERA_DATA"
install_packages build bench
build_for_bench detect_bench
"$build_dir/detect_bench" "$data" "${1:-5}" | tee "$run_dir/bench/detect.json"
