#!/usr/bin/env bash
# The whole engine beside what one would use instead, and its bars met or not: ./dev bench scan [MIB [ADDRESSES [ROUNDS]]]
source "$(dirname "$0")/../lib.sh"

mib=${1:-1024} addresses=${2:-600000} rounds=${3:-5}
[[ "$mib$addresses$rounds" =~ ^[0-9]+$ ]] || die 'usage: ./dev bench scan [MIB [ADDRESSES [ROUNDS]]]'
data=${LOGYSTERA_DATA:-$root/../shared/data}
install_packages build bench
cmake -S "$root" -B "$build_dir" -G Ninja >/dev/null
ninja -C "$build_dir" -j "$jobs" logystera bench_scan_generate bench_scan_vectorscan parse_rate detect_bench >/dev/null
here="$run_dir/bench/scan"
mkdir -p "$here"
log="$here/access.log"
"$build_dir/bench_scan_generate" $((mib * 1024 * 1024)) "$addresses" >"$log"
bytes=$(stat -c %s "$log")
export LC_ALL=C LOGYSTERA_PII_SALT=bench HOME="$here" # lnav and GoAccess keep things at home
export LOGYSTERA_RULE_CACHE=off XDG_CACHE_HOME="$here/cache" XDG_STATE_HOME="$here/state"
scan=("$build_dir/logystera" scan "$log" -n 0 --no-progress --json)

# The first quarter of the same requests as JSON lines.
json_log="$here/access.jsonl"
head -c $((mib * 1024 * 1024 / 4)) "$log" | sed '$d' | awk -F'"' '{
    split($1, head, " "); split($3, answer, " ")
    printf "{\"time\":\"%s\",\"remote_addr\":\"%s\",\"request\":\"%s\",\"status\":%s,\"body_bytes_sent\":%s,\"http_referer\":\"%s\",\"http_user_agent\":\"%s\"}\n", \
      substr(head[4], 2) " " substr(head[5], 1, 5), head[1], $2, answer[1], answer[2] == "-" ? 0 : answer[2], $4, $6
  }' >"$json_log"
json_bytes=$(stat -c %s "$json_log")
scan_json=("$build_dir/logystera" scan "$json_log" -n 0 --no-progress --json)

# Every figure is a line of figures.tsv: name, unit, one value a round. runs.tsv: name, what it does, seconds that passed,
# seconds of the processor, peak KiB. "On one core" is about the processor's seconds, which other work on the machine changes
# less; only what two threads gain is told by the clock on the wall, and needs a quiet machine.
: >"$here/figures.tsv"
: >"$here/runs.tsv"

# run NAME WHAT COMMAND...: one round.
run() {
  local name=$1 what=$2
  shift 2
  /usr/bin/time -o "$here/time" -f '%e %U %S %M' "$@" >"$here/out" 2>"$here/err" </dev/null || { tail -3 "$here/err" >&2; die "$name failed"; }
  printf '%s\t%s\t%s\n' "$name" "$what" "$(tail -1 "$here/time" | awk '{ print $1 "\t" $2 + $3 "\t" $4 }')" >>"$here/runs.tsv"
}
figure() { printf '%s\t%s\t%s\n' "$@" >>"$here/figures.tsv"; }

# Everything once a round, so that what the machine does meanwhile hits all alike.
for ((round = 1; round <= rounds; round++)); do
  printf '    round %d of %d\n' "$round" "$rounds" >&2
  run wc 'counts lines' wc -l "$log"
  run grep 'one literal' grep -c wp-login.php "$log"
  run ripgrep 'one literal, 1 thread' rg -j1 -c wp-login.php "$log"
  run vectorscan 'the texts and expressions of the rules, line by line, nothing else' "$build_dir/bench_scan_vectorscan" "$log"
  run logystera-parse 'parses and redacts, no rules, 1 thread' "${scan[@]}" --no-rules --threads 1
  run logystera-1 'parses, redacts every field, all built-in rules, 1 thread' "${scan[@]}" --threads 1
  run logystera-2 'the same, 2 threads' "${scan[@]}" --threads 2
  run logystera-json 'the same on one thread, with a quarter of the requests as JSON lines' "${scan_json[@]}" --threads 1
  run lnav 'indexes, counts by status; no rule, no redaction' \
    lnav -n -c ';SELECT sc_status, count(*) FROM access_log GROUP BY sc_status' "$log"
  if [ "$mib" -le 256 ] || [ -n "${LOGYSTERA_BENCH_ALL:-}" ]; then
    run goaccess 'statistics; no rule, no redaction' goaccess "$log" --log-format=COMBINED --no-progress -o "$here/goaccess.json"
  elif [ "$round" -eq 1 ]; then
    echo '    goaccess is left out over 256 MiB: minutes a round (LOGYSTERA_BENCH_ALL=1 runs it)' >&2
  fi
done
rm -f "$log" "$json_log"

# JSON lines: the reader alone; json-pipeline is the whole scan, above.
for ((round = 1; round <= rounds; round++)); do
  figure json GB/s "$("$build_dir/parse_rate" --rounds 1 | grep JSON | sed 's/.*"mb_per_s":\([0-9.]*\).*/\1/' | awk '{ printf "%.4f", $1 / 1000 }')"
done

if [ -d "$data/sigma" ] && [ -d "$data/evtx" ]; then
  # Windows event logs with an event for every 4 KiB at least (the room of an empty chunk is read too fast to count), and large
  # enough that starting a process does not count either.
  mapfile -t logs < <(find "$data/evtx/attack-samples" -name '*.evtx' -size +500k | sort)
  mapfile -t logs < <("$build_dir/parse_rate" --rounds 1 "${logs[@]}" |
    sed -n 's/.*"name":"\([^"]*\)".*"bytes":\([0-9]*\),"records":\([0-9]*\).*/\1\t\2\t\3/p' | awk -F'\t' '$3 * 4096 >= $2 { print $1 }')
  [ ${#logs[@]} -gt 0 ] || die 'none of the EVTX samples is large enough to measure with'
  sum=$(cat "${logs[@]}" | wc -c)
  for ((round = 1; round <= rounds; round++)); do
    ours=$("$build_dir/parse_rate" --rounds 9 "${logs[@]}" | sed 's/.*"median":\([0-9.]*\).*/\1/' | awk '{ s += $1 } END { print s }')
    theirs=$( { /usr/bin/time -f '%U %S' bash -c 'for f; do evtxexport "$f" >/dev/null 2>&1 || true; done' _ "${logs[@]}"; } 2>&1 | awk '{ print $1 + $2 }')
    figure evtx MB/s "$(awk -v b="$sum" -v s="$ours" 'BEGIN { printf "%.1f", b / 1e6 / s }')"
    figure evtxexport MB/s "$(awk -v b="$sum" -v s="$theirs" 'BEGIN { printf "%.1f", b / 1e6 / s }')"
    figure evtx_over_evtxexport x "$(awk -v o="$ours" -v t="$theirs" 'BEGIN { printf "%.2f", t / o }')"
  done
  for ((round = 1; round <= rounds; round++)); do
    "$build_dir/detect_bench" "$data" 1 >"$here/detect.json"
    figure sigma events/s "$(sed -n 's/.*"events_per_second": {"min": \([0-9.]*\).*/\1/p' "$here/detect.json")"
  done
  # Starting with all rules: a log of one line. Milliseconds of the processor, the whole process.
  start() {
    local TIMEFORMAT='%3U %3S'
    { time "$build_dir/logystera" scan "$here/line.log" "$@" -n 0 --no-progress --json >"$here/out" 2>"$here/err"; } 2>&1 |
      awk '{ printf "%.0f", ($1 + $2) * 1000 }'
  }
  echo '2026-05-18T10:00:01Z one line' >"$here/line.log"
  sigma=()
  for folder in rules rules-compliance rules-emerging-threats rules-threat-hunting; do sigma+=(--sigma "$data/sigma/$folder"); done
  for ((round = 1; round <= rounds; round++)); do
    figure start ms "$(start "${sigma[@]}")"
  done
  # The rules are kept by the first of these, whose time does not count, and were not touched within its last two seconds.
  rm -rf "$XDG_CACHE_HOME"
  LOGYSTERA_RULE_CACHE=on start "${sigma[@]}" >/dev/null
  LOGYSTERA_RULE_CACHE=on "$build_dir/logystera" scan "$here/line.log" "${sigma[@]}" -n 0 --no-progress --json --verbose 2>&1 >"$here/out" |
    grep -q 'rules, from the cache$' || die 'the rules were not kept'
  for ((round = 1; round <= rounds * 4; round++)); do
    figure start_cached ms "$(LOGYSTERA_RULE_CACHE=on start "${sigma[@]}")"
    figure start_without_rules ms "$(start --no-rules)"
  done
else
  echo '    no EVTX, Sigma and start-up figures: the shared test data is not at hand (LOGYSTERA_DATA)' >&2
fi

# Rates of the runs, and round by round what they are compared with.
awk -F'\t' -v bytes="$bytes" -v json_bytes="$json_bytes" '
  { n[$1]++; wall[$1, n[$1]] = $3 > 0.01 ? $3 : 0.01; s[$1, n[$1]] = $4 > 0.01 ? $4 : 0.01; if ($1 ~ /^logystera/ && $5 > kib) kib = $5 }
  function put(name, unit, value) { printf "%s\t%s\t%.4f\n", name, unit, value }
  END {
    for (i = 1; i <= n["logystera-json"]; i++) put("json-pipeline", "GB/s", json_bytes / 1e9 / s["logystera-json", i])
    for (name in n) if (name != "logystera-2" && name != "logystera-json") for (i = 1; i <= n[name]; i++) put(name, "GB/s", bytes / 1e9 / s[name, i])
    for (i = 1; i <= n["logystera-1"]; i++) {
      put("logystera-2", "GB/s", bytes / 1e9 / wall["logystera-2", i])
      put("over_vectorscan", "x", s["vectorscan", i] / s["logystera-1", i])
      put("over_lnav", "x", s["lnav", i] / s["logystera-1", i])
      put("two_threads", "x", wall["logystera-1", i] / wall["logystera-2", i])
    }
    put("peak", "MiB", kib / 1024)
  }' "$here/runs.tsv" >>"$here/figures.tsv"

# name, comparison, bound, in words. A bar is met if the median meets it.
cat >"$here/bars.tsv" <<'BARS'
logystera-1	>=	0.35	whole pipeline over the access log, one core
over_vectorscan	>=	0.2	of a raw Vectorscan pass
over_lnav	>=	2	times lnav
two_threads	>=	1.8	times as fast on two cores
json	>=	1	JSON lines to records, one core
evtx	>=	300	Windows event logs to records, one core
evtx_over_evtxexport	>=	8	times evtxexport
sigma	>=	100000	all Sigma rules over Windows events, one core
start	<=	600	start-up with 3,757 Sigma rules
start_cached	<=	30	start-up with them from a compiled cache
peak	<=	256	most memory of any of these scans
BARS
sort -t$'\t' -k1,1 -k3,3g "$here/figures.tsv" | awk -F'\t' -v bytes="$bytes" -v addresses="$addresses" -v bars="$here/bars.tsv" -v json="$run_dir/bench/scan.json" '
  { n[$1]++; v[$1, n[$1]] = $3; unit[$1] = $2; if (n[$1] == 1) order[++names] = $1 }
  function median(name) { return v[name, int((n[name] + 1) / 2)] }
  END {
    printf "    %-22s %12s %12s %12s\n", "", "min", "median", "max"
    printf "{\"bytes\":%d,\"addresses\":%d,\"figures\":{", bytes, addresses >json
    for (k = 1; k <= names; k++) {
      name = order[k]
      printf "    %-22s %12s %12s %12s %s\n", name, v[name, 1] + 0, median(name) + 0, v[name, n[name]] + 0, unit[name]
      printf "%s\"%s\":{\"unit\":\"%s\",\"rounds\":%d,\"min\":%s,\"median\":%s,\"max\":%s}", (k > 1 ? "," : ""), name, unit[name], n[name], v[name, 1] + 0, median(name) + 0, v[name, n[name]] + 0 >json
    }
    printf "},\"bars\":[" >json
    print ""
    while ((getline line <bars) > 0) {
      split(line, bar, "\t")
      state = !(bar[1] in n) ? "not measured" : (bar[2] == ">=" ? median(bar[1]) >= bar[3] : median(bar[1]) <= bar[3]) ? "met" : "NOT MET"
      printf "    %-12s %-50s %s %s %s; %s\n", state, bar[4], bar[2], bar[3], unit[bar[1]], (bar[1] in n) ? sprintf("%s / %s / %s", v[bar[1], 1] + 0, median(bar[1]) + 0, v[bar[1], n[bar[1]]] + 0) : "-"
      printf "%s{\"bar\":\"%s\",\"wanted\":\"%s %s\",\"state\":\"%s\"}", (count++ ? "," : ""), bar[4], bar[2], bar[3], state >json
    }
    print "]}" >json
  }'
