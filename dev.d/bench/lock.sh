#!/usr/bin/env bash
# Commits while a stopped process holds the buffer's lock: p50, p99 and max in ms, with 1, 8 and 32 writers: ./dev bench lock
source "$(dirname "$0")/../lib.sh"

install_packages build
build_for_bench bench_agent_stopped_holder
work=$(mktemp -d "${TMPDIR:-/tmp}/logystera-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
say 'ms: by the wall clock | without waiting for a processor | of processor time (p50, p99, max each)'
for writers in 1 8 32; do
  mkdir -m 700 "$work/$writers"
  "$build_dir/bench_agent_stopped_holder" "$work/$writers" "$writers"
done | tee "$run_dir/bench/lock.txt"
