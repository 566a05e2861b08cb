#!/usr/bin/env bash
# From buffer to gateway: events a second from one dispatcher and from eight, against a bare SQLite insert of the same rows
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../bench-gateway.sh"

rounds=${1:-11}             # ./dev bench dispatch [ROUNDS [EVENTS]]
events=${2:-20000}          # of one dispatcher, and of each of the eight
readonly batch=100
readonly buffer_full=1000000  # more than a buffer holds: it stops at 50 MB

install_packages build
say 'building the program and the measuring programs'
build_for_bench logystera bench_dispatch_{prepare,insert,measure,gateway,readers}

# On the disk of the checkout: /tmp may be memory, where a durable commit costs nothing.
work=$(mktemp -d "$run_dir/bench/dispatch-XXXXXX")
readers_pid=''
tidy() {
  [ -z "$readers_pid" ] || kill "$readers_pid" 2>/dev/null || true
  [ -z "$gateway_pid" ] || kill "$gateway_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap tidy EXIT
samples=$run_dir/bench/dispatch.samples
: >"$samples"

# start_gateway [OPTION...]: on a fresh store with eight sites, each with its credentials file.
start_gateway() {
  rm -rf "$work"/store* "$work"/site-*.credentials
  run_gateway "$build_dir/logystera" --store "sqlite:$work/store.db" serve --port 0 --rate-limit 0 "$@"
  add_sites 8
}

sample() { awk -v name="$1" -v events="$2" -v seconds="$3" 'BEGIN { printf "%s %.1f\n", name, events / seconds }' >>"$samples"; }

# bare_insert NAME: the baseline, with the very lines that lie in the buffers now.
bare_insert() {
  local result
  rm -f "$work"/bare.db*
  read -r -a result < <("$build_dir/bench_dispatch_insert" "$work/bare.db" "$batch" "$work"/buffer-*/buffer-*.jsonl)
  sample "$1" "${result[@]}"
}

# check_stored EVENTS: every event must have arrived, or the time means nothing. What a full buffer dropped is told by an
# event of its own, which nobody recorded.
check_stored() {
  local stored
  stored=$("$build_dir/logystera" --store "sqlite:$work/store.db" events --json | grep -vc '"event_type":"agent.dropped"')
  [ "$stored" -eq "$1" ] || die "$stored events are stored, not $1"
}

for ((round = 1; round <= rounds; round++)); do
  say "round $round of $rounds"
  for count in 1 8; do
    sent=$(prepare "$count" "$events")
    name=one_dispatcher bare=bare_insert
    [ "$count" -eq 1 ] || { name=eight_dispatchers bare=bare_insert_of_eight; }
    bare_insert "${bare}_events_per_s"
    start_gateway
    read -r seconds _ < <(drain "$count") || die 'a dispatcher failed'
    stop_gateway
    check_stored "$sent"
    sample "${name}_events_per_s" "$sent" "$seconds"
  done
done

# A page that reads every stored event, asked for by 50 at once, against the same without anybody who asks. One round after the other,
# each with the other's order, on a store with what one dispatcher had sent before.
say 'eight dispatchers beside 50 slow pages'
for ((round = 1; round <= rounds; round++)); do
  turns=(0 50)
  [ $((round % 2)) -eq 1 ] || turns=(50 0)
  for readers in "${turns[@]}"; do
    rm -rf "$work"/store* "$work"/site-*.credentials
    start_gateway
    sent=$(prepare 1 "$events")
    drain 1 >/dev/null || die 'a dispatcher failed'
    stop_gateway
    run_gateway "$build_dir/bench_dispatch_gateway" "$work/store.db"
    send_to_url
    sent=$((sent + $(prepare 8 "$events")))
    if [ "$readers" -gt 0 ]; then
      "$build_dir/bench_dispatch_readers" "${url##*:}" "$readers" /pages/slow >"$work/readers.out" &
      readers_pid=$!
    fi
    read -r seconds _ < <(drain 8) || die 'a dispatcher failed'
    if [ "$readers" -gt 0 ]; then
      kill "$readers_pid"
      wait "$readers_pid" || die 'the readers failed'
      readers_pid=''
      awk '{ print "slow_pages_answered", $1; print "slow_pages_refused", $2 }' "$work/readers.out" >>"$samples"
    fi
    stop_gateway
    check_stored "$sent"
    name=without_slow_pages
    [ "$readers" -eq 0 ] || name=beside_slow_pages
    sample "${name}_events_per_s" $((8 * events)) "$seconds"
  done
done

# What detection takes from ingest: eight dispatchers with it and without, in turns.
say 'eight dispatchers with detection and without'
for ((round = 1; round <= rounds; round++)); do
  turns=('' --no-detect)
  [ $((round % 2)) -eq 1 ] || turns=(--no-detect '')
  for option in "${turns[@]}"; do
    sent=$(prepare 8 "$events")
    start_gateway ${option:+"$option"}
    read -r seconds _ < <(drain 8) || die 'a dispatcher failed'
    stop_gateway
    check_stored "$sent"
    name=with_detection
    [ -z "$option" ] || name=without_detection
    sample "${name}_events_per_s" "$sent" "$seconds"
  done
done

# From an event's arrival to its alert's row, at 10,000 events a second.
say 'from an event to its alert'
start_gateway
"$root/bench/dispatch/latency.py" "$work/store.db" "$work" 10000 20 >>"$samples" || die 'the alerts did not come'
stop_gateway

say 'draining a full buffer of 50 MB'
sent=$(prepare 1 "$buffer_full")
start_gateway
read -r seconds peak < <(drain 1) || die 'the dispatcher failed'
stop_gateway
check_stored "$sent"
echo "dispatcher_peak_kib $peak" >>"$samples"
cat "$work/gateway.peak" >>"$samples"
php -n "$root/bench/dispatch/report.php" "$samples" "$run_dir/bench/dispatch.json"
