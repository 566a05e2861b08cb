#!/usr/bin/env bash
# The server's pages, lists, streams and uploads on a full store, and what 20 people who read cost those who send
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../bench-gateway.sh"

findings=${1:-1000000}  # ./dev bench server [FINDINGS [EVENTS [ROUNDS [TURNS]]]]
events=${2:-10000000}
rounds=${3:-300}        # of each page and list
turns=${4:-7}           # of ingest alone and beside people
readonly sites=50 people=20 senders=8 sent_by_each=20000 streams=200 tokens=40 uploads=9

install_packages build
say 'building the program and the measuring programs'
build_for_bench logystera bench_dispatch_{prepare,measure} bench_server_{fill,client}

# On the disk of the checkout: /tmp may be memory.
work=$(mktemp -d "$run_dir/bench/server-XXXXXX")
helper_pid=''
tidy() {
  local pid
  for pid in $helper_pid $gateway_pid; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap tidy EXIT
samples=$run_dir/bench/server.samples
: >"$samples"
logystera() { "$build_dir/logystera" --store "sqlite:$work/store.db" "$@"; }
memory() { awk -v name="$1" '/^VmRSS/ { print name, $2 / 1024 }' "/proc/$gateway_pid/status" >>"$samples"; }

# serve: the server, and its $port.
serve() {
  run_gateway "$build_dir/logystera" --store "sqlite:$work/store.db" serve --port 0 --rate-limit 0 --connections-per-address 512
  port=${url##*:}
}

# get PATH: as the program with the first token.
get() { curl -fsS -H "$(head -1 "$work/tokens")" "$url$1"; }

# sign_in: somebody's session, as a header line.
sign_in() {
  local csrf
  (umask 077; head -c 24 /dev/urandom | base64 -w0 >"$work/password")
  logystera user add operator --role admin --password-file "$work/password" >/dev/null
  csrf=$(curl -fsS -c "$work/jar" "$url/login" | sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p' | head -1)
  curl -fsS -o /dev/null -b "$work/jar" -c "$work/jar" "$url/login" -H "Origin: $url" \
    --data-urlencode "csrf=$csrf" --data-urlencode 'name=operator' --data-urlencode "password@$work/password"
  awk '$7 != "" && $1 ~ /127.0.0.1/ { printf "%s%s=%s", sep, $6, $7; sep = "; " } BEGIN { printf "Cookie: " } END { print "" }' \
    "$work/jar" >"$work/session"
}

# ask HEADERS NAME: every line of standard input; samples "NAME TARGET ANSWERS OTHERS P50 P99 MAX BYTES".
ask() {
  cat >"$work/targets"
  "$build_dir/bench_server_client" ask "$port" 3 "$1" "$work/targets" >/dev/null  # whoever asks first fills caches
  "$build_dir/bench_server_client" ask "$port" "$rounds" "$1" "$work/targets" | sed "s/^/$2 /" >>"$samples"
}

say "$sites sites, $findings findings, $events events"
serve
add_sites "$sites"
stop_gateway
"$build_dir/bench_server_fill" "$work/store.db" "$findings" "$events" || die 'the store could not be filled'
du -k --apparent-size "$work/store.db" | awk '{ print "store_mib", $1 / 1024 }' >>"$samples"
for ((i = 0; i < tokens; i++)); do
  printf 'Authorization: Bearer %s\n' "$(logystera token add "bench $i" --role analyst --json | sed -E 's/.*"token":"([^"]+)".*/\1/')"
done >"$work/tokens"

serve
# The store was filled behind the server's back: in use, events have been looked at when they are a second old.
started=$SECONDS
until get /api/v1/stats | grep -q '"lag_seconds":0,'; do
  [ $((SECONDS - started)) -lt 3600 ] || die 'detection does not come to its end'
  sleep 1
done
say "detection and metrics of $events events took $((SECONDS - started)) s"

say "pages and lists, $rounds times each"
memory memory_idle_mib

sign_in
finding=$(get '/api/v1/findings?limit=1' | grep -oE '"id":[0-9]+' | head -1 | cut -d: -f2)
error=$(get '/api/v1/errors?limit=1' | grep -oE '"fingerprint":"[^"]+"' | head -1 | cut -d'"' -f4)
signal=$(get '/api/v1/signals?limit=1' | grep -oE '"event_id":"[^"]+"' | head -1 | cut -d'"' -f4)
site=$(sed -n 's/^LOGYSTERA_ENTITY_TOKEN=//p' "$work/site-7.credentials")
[ -n "$finding" ] && [ -n "$error" ] && [ -n "$signal" ] && [ -n "$site" ] || die 'the lists are empty'
ask "$work/session" page <<END
overview /
findings /findings
findings_high /findings?severity=high
findings_of_rule /findings?rule=WEB_SHELL
findings_of_rule_and_rare_level /findings?rule=WEB_SCANNER&severity=critical
findings_with_text /findings?q=page/99
findings_with_text_nowhere /findings?q=nothing-has-this
finding /findings/$finding
errors /errors
errors_new /errors?new=true
error /errors/$error
events /events
events_of_site /events?site=$site
events_of_rare_type /events?type=auth.login_failed
events_with_text_nowhere /events?q=nothing-has-this
sites /sites
site /sites/$site
rules /rules
rule /rules/SSH_BRUTE_FORCE
upload /upload
dismissals /dismissals
account /account
settings /settings
users /settings/users
tokens /settings/tokens
audit /settings/audit
retention /settings/retention
END
ask "$work/tokens" list <<END
findings /api/v1/findings
findings_high /api/v1/findings?severity=high
findings_of_rule_and_rare_level /api/v1/findings?rule=WEB_SCANNER&severity=critical
findings_with_text_nowhere /api/v1/findings?q=nothing-has-this
finding /api/v1/findings/$finding
errors /api/v1/errors
error /api/v1/errors/$error
errors_by_count /api/v1/errors?sort=count
signals /api/v1/signals
signal /api/v1/signals/$signal
signals_of_site /api/v1/signals?site=$site
signals_of_rare_type /api/v1/signals?type=auth.login_failed
stats /api/v1/stats
sites /api/v1/sites
ingest /api/v1/sites/$site/ingest
rules /api/v1/rules
dismissals /api/v1/dismissals
END
ask "$work/tokens" trend <<<'trend /api/v1/trend'
memory memory_after_pages_mib

say "an upload of 10 MB, $uploads times, and the same with scan"
awk 'BEGIN { for (i = 0; ; i++) printf "192.0.2.%d - - [27/Nov/2026:10:%02d:%02d +0000] \"GET /page/%d HTTP/1.1\" 200 %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"\n", i % 250, i / 600 % 60, i / 10 % 60, i, i * 37 % 50000 }' \
  2>/dev/null | head -c 10485760 >"$work/access.log" || true
csrf=$(curl -fsS -H "$(cat "$work/session")" "$url/upload" | sed -n 's/.*data-csrf="\([^"]*\)".*/\1/p')
for ((i = 0; i < uploads; i++)); do
  curl -fsS -o /dev/null -w 'upload_s %{time_total}\n' -H "$(cat "$work/session")" -H "Origin: $url" -H 'Sec-Fetch-Site: same-origin' \
    -H 'Content-Type: application/octet-stream' -T "$work/access.log" -H "X-CSRF-Token: $csrf" "$url/upload/scan?name=access.log" >>"$samples"
  started=$(date +%s.%N)
  "$build_dir/logystera" scan "$work/access.log" --json >/dev/null
  date +%s.%N | awk -v from="$started" '{ printf "scan_s %.6f\n", $1 - from }' >>"$samples"
done
memory memory_after_uploads_mib

say "$streams streams"
"$build_dir/bench_server_client" streams "$port" "$streams" "$work/tokens" /live >"$work/streams.out" &
helper_pid=$!
for ((i = 0; i < 200; i++)); do grep -qs '^joined' "$work/streams.out" && break; sleep 0.05; done
send_to_url
prepare 1 100 >/dev/null
drain 1 >/dev/null || die 'the dispatcher failed'
sleep 3  # a change is told within one
memory memory_with_streams_mib
kill "$helper_pid"
wait "$helper_pid" || die 'the streams failed'
helper_pid=''
awk '/^joined/ { print "streams_joined", $2; next } { print "streams_open", $1; print "stream_hints", $2; print "streams_told_within_ms", $3 }' \
  "$work/streams.out" >>"$samples"

# The first people's tokens: each asks as fast as the API lets one.
head -"$people" "$work/tokens" >"$work/people"
say "$senders senders alone and beside $people people, $turns turns"
for ((turn = 0; turn < turns; turn++)); do
  order=(alone beside)
  [ $((turn % 2)) -eq 0 ] || order=(beside alone)
  for way in "${order[@]}"; do
    sent=$(prepare "$senders" "$sent_by_each")
    if [ "$way" = beside ]; then
      "$build_dir/bench_server_client" people "$port" "$work/people" '/api/v1/findings' '/api/v1/signals' '/api/v1/errors' "/api/v1/signals?site=$site" \
        '/api/v1/findings?severity=high' >"$work/people.out" &
      helper_pid=$!
      sleep 0.5
    fi
    read -r seconds _ < <(drain "$senders") || die 'a dispatcher failed'
    if [ "$way" = beside ]; then
      kill "$helper_pid"
      wait "$helper_pid" || die 'the people failed'
      helper_pid=''
      awk '{ print "people_answers", $1; print "people_told_to_wait", $2; print "people_p50_ms", $3; print "people_p99_ms", $4 }' \
        "$work/people.out" >>"$samples"
    fi
    awk -v name="ingest_${way}_events_per_s" -v sent="$sent" -v seconds="$seconds" 'BEGIN { printf "%s %.0f\n", name, sent / seconds }' \
      >>"$samples"
  done
done
memory memory_at_the_end_mib
stop_gateway
awk '{ print "memory_peak_mib", $2 / 1024 }' "$work/gateway.peak" >>"$samples"
php -n "$root/bench/server/report.php" "$samples" "$run_dir/bench/server.json" "$findings" "$events" "$sites"
