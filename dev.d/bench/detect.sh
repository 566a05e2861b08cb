#!/usr/bin/env bash
# Rules: start-up with the whole Sigma set, events a second over EVTX: ./dev bench detect [ROUNDS]
source "$(dirname "$0")/../lib.sh"

data=${LOGYSTERA_DATA:-$root/../shared/data}
[ -d "$data/sigma" ] || die "the shared test data is not at hand: set LOGYSTERA_DATA"
install_packages build bench
cmake -S "$root" -B "$build_dir" -G Ninja >/dev/null
ninja -C "$build_dir" -j "$jobs" detect_bench >/dev/null
mkdir -p "$run_dir/bench"
"$build_dir/detect_bench" "$data" "${1:-5}" | tee "$run_dir/bench/detect.json"
