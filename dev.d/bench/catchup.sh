#!/usr/bin/env bash
# How fast detection and metrics look at what is stored already, what that writes, and how fast charts are read afterwards
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../bench-gateway.sh"

rounds=${1:-3}         # ./dev bench catchup [ROUNDS [EVENTS [BEFORE]]]
events=${2:-1000000}   # over thirteen days, of 50 sites, each of another minute and label
before=${3:-}          # a directory with an older build's logystera and bench_server_fill, to be measured in turns with this one
readonly sites=50 tokens=40 asked=40

install_packages build
say 'building the program and the measuring programs'
build_for_bench logystera bench_server_{fill,client}

# On the disk of the checkout: /tmp may be memory.
work=$(mktemp -d "$run_dir/bench/catchup-XXXXXX")
tidy() {
  [ -z "$gateway_pid" ] || kill "$gateway_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap tidy EXIT
samples=$run_dir/bench/catchup.samples
: >"$samples"
serve() { run_gateway "$1/logystera" --store "sqlite:$work/store.db" serve --port 0 --rate-limit 0; }

# A store that sites have filled while nobody looked, by the older program if there is one: the newer one takes it over.
oldest=${before:-$build_dir}
serve "$oldest"
build_dir=$oldest add_sites "$sites"
stop_gateway
"$oldest/bench_server_fill" "$work/store.db" 1000 "$events" || die 'the store could not be filled'
for ((i = 0; i < tokens; i++)); do
  printf 'Authorization: Bearer %s\n' "$("$oldest/logystera" --store "sqlite:$work/store.db" token add "bench $i" --json |
    sed -E 's/.*"token":"([^"]+)".*/\1/')"
done >"$work/tokens"
site=$(sed -n 's/^LOGYSTERA_ENTITY_TOKEN=//p' "$work/site-7.credentials")
mkdir "$work/full"
mv "$work"/store.db* "$work/full"
say "$sites sites, $events events: $(du -k --apparent-size "$work/full/store.db" | awk '{ printf "%.0f", $1 / 1024 }') MiB"

# round NAME DIRECTORY: samples of that build.
round() {
  rm -f "$work"/store.db*
  cp "$work"/full/store.db* "$work"
  sync
  serve "$2"
  "$root/bench/server/catch_up.py" "$work/store.db" "$gateway_pid" "$events" | sed "s/^/$1_/" >>"$samples" || die 'detection does not come to its end'
  for step in minute hour day; do
    printf '%s_%s /api/v1/sites/%s/series?step=%s&name=drupal_http_responses_total\n' chart "$step" "$site" "$step"
  done >"$work/targets"
  printf 'signal_counts /api/v1/sites/%s/signal_counts\n' "$site" >>"$work/targets"
  "$build_dir/bench_server_client" ask "${url##*:}" 3 "$work/tokens" "$work/targets" >/dev/null  # whoever asks first fills caches
  "$build_dir/bench_server_client" ask "${url##*:}" "$asked" "$work/tokens" "$work/targets" |
    awk -v name="$1" '$3 > 0 { exit 1 } { print name "_" $1 "_p99_ms", $5 }' >>"$samples" || die 'a chart was not answered'
  stop_gateway
  awk -v name="$1" '{ print name "_peak_mib", $2 / 1024 }' "$work/gateway.peak" >>"$samples"
}
for ((turn = 0; turn < rounds; turn++)); do
  say "round $((turn + 1)) of $rounds"
  order=(now)
  [ -z "$before" ] || order=(before now)
  [ $((turn % 2)) -eq 0 ] || [ -z "$before" ] || order=(now before)
  for way in "${order[@]}"; do
    [ "$way" = now ] && round now "$build_dir" || round before "$before"
  done
done
awk '
  { if (!($1 in n)) names[++count] = $1; value[$1, ++n[$1]] = $2 }
  END {
    printf "%-34s %12s %12s %12s\n", "", "min", "median", "max"
    for (i = 1; i <= count; ++i) {
      name = names[i]
      for (a = 1; a <= n[name]; ++a) for (b = a + 1; b <= n[name]; ++b)
        if (value[name, b] + 0 < value[name, a] + 0) { t = value[name, a]; value[name, a] = value[name, b]; value[name, b] = t }
      shown = name; gsub(/_/, " ", shown)
      printf "%-34s %12.1f %12.1f %12.1f\n", shown, value[name, 1], value[name, int((n[name] + 1) / 2)], value[name, n[name]]
    }
  }' "$samples"
