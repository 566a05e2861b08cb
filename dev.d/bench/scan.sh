#!/usr/bin/env bash
# The whole pipeline over a generated access log beside grep, wc, GoAccess and lnav: ./dev bench scan [MIB [ADDRESSES [ROUNDS]]]
source "$(dirname "$0")/../lib.sh"

mib=${1:-1024} addresses=${2:-600000} rounds=${3:-5}
[[ "$mib$addresses$rounds" =~ ^[0-9]+$ ]] || die 'usage: ./dev bench scan [MIB [ADDRESSES [ROUNDS]]]'
install_packages build bench
cmake -S "$root" -B "$build_dir" -G Ninja >/dev/null
ninja -C "$build_dir" -j "$jobs" logystera bench_scan_generate >/dev/null
here="$run_dir/bench/scan"
mkdir -p "$here"
log="$here/access.log"
"$build_dir/bench_scan_generate" $((mib * 1024 * 1024)) "$addresses" >"$log"
bytes=$(stat -c %s "$log")
lines=$(wc -l <"$log")
export LC_ALL=C LOGYSTERA_PII_SALT=bench HOME="$here" # lnav and GoAccess keep things at home
scan=("$build_dir/logystera" scan "$log" -n 0 --no-progress --json)

# run NAME WHAT COMMAND...: seconds, CPU seconds and KiB of each round into rounds.tsv
: >"$here/rounds.tsv"
run() {
  local name=$1 what=$2 round
  shift 2
  for ((round = 0; round < rounds; round++)); do
    /usr/bin/time -o "$here/time" -f '%e %U %S %M' "$@" >"$here/out" 2>"$here/err" </dev/null || { tail -3 "$here/err" >&2; die "$name failed"; }
    printf '%s\t%s\t%s\n' "$name" "$what" "$(tail -1 "$here/time")" >>"$here/rounds.tsv"
  done
  printf '    %-22s %s s\n' "$name" "$(cut -d' ' -f1 "$here/time")" >&2
}

run wc 'counts lines' wc -l "$log"
run grep 'one literal' grep -c wp-login.php "$log"
run logystera-parse 'parses and redacts, no rules, 1 thread' "${scan[@]}" --no-rules --threads 1
run logystera-1 'parses, redacts, all built-in rules, 1 thread' "${scan[@]}" --threads 1
run logystera-2 'the same, 2 threads' "${scan[@]}" --threads 2
run lnav 'indexes, counts by status; no rule, no redaction' lnav -n -c ';SELECT sc_status, count(*) FROM access_log GROUP BY sc_status' "$log"
if [ "$mib" -le 256 ] || [ -n "${LOGYSTERA_BENCH_ALL:-}" ]; then
  run goaccess 'statistics; no rule, no redaction' goaccess "$log" --log-format=COMBINED --no-progress -o "$here/goaccess.json"
else
  echo '    goaccess               left out over 256 MiB: minutes a round (LOGYSTERA_BENCH_ALL=1 runs it)' >&2
fi

# One JSON document: minimum, median and maximum of each, on the same file in the same run.
awk -F'\t' -v bytes="$bytes" -v lines="$lines" -v addresses="$addresses" '
  { split($3, t, " "); n[$1]++; seconds[$1, n[$1]] = t[1]; cpu[$1, n[$1]] = t[2] + t[3]; if (t[4] > kib[$1]) kib[$1] = t[4]; what[$1] = $2; if (n[$1] == 1) order[++names] = $1 }
  function sorted(name, i, j, k, v) { for (i = 1; i <= n[name]; i++) s[i] = seconds[name, i]
    for (i = 2; i <= n[name]; i++) { v = s[i]; for (j = i - 1; j > 0 && s[j] > v; j--) s[j + 1] = s[j]; s[j + 1] = v } }
  END {
    printf "{\"bytes\":%d,\"lines\":%d,\"addresses\":%d,\"results\":[", bytes, lines, addresses
    for (k = 1; k <= names; k++) {
      name = order[k]; sorted(name); m = s[int((n[name] + 1) / 2)]; c = 0
      for (i = 1; i <= n[name]; i++) c += cpu[name, i]
      printf "%s{\"name\":\"%s\",\"what\":\"%s\",\"rounds\":%d,\"seconds\":{\"min\":%.3f,\"median\":%.3f,\"max\":%.3f},\"cpu_seconds\":%.3f,\"gb_per_second\":%.4f,\"peak_kib\":%d}",
        (k > 1 ? "," : ""), name, what[name], n[name], s[1], m, s[n[name]], c / n[name], bytes / 1e9 / (m > 0 ? m : 0.001), kib[name]
    }
    print "]}"
  }' "$here/rounds.tsv" | tee "$run_dir/bench/scan.json"
rm -f "$log"
