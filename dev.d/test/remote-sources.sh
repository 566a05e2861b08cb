#!/usr/bin/env bash
# 78: loki, graylog and opensearch against models of those servers: late entries, ties, kills, restarts, limits, hostile answers, credentials
# lane: servers
source "$(dirname "$0")/../stage.sh"

install_packages build test remote-sources
build_targets logystera

program="$build_dir/logystera"
models="$root/tests/e2e/models"
work=$(mktemp -d /tmp/logystera-remote.XXXXXX)
server='' tail=''
end_with "$work" tail server 'tail_of[@]' 'poller_of[@]' 'server_of[@]'
export LOGYSTERA_PII_SALT=salt TZ=UTC XDG_STATE_HOME="$work/state" PYTHONDONTWRITEBYTECODE=1
cd "$work"  # no configuration of somebody's is found

# start_model PRODUCT ARGUMENT...: a model of it; its port is in $port, and stays over restarts.
port=''
start_model() {
  local product=$1
  shift
  rm -f "$work/port"
  python3 "$models/$product.py" --port-file "$work/port" --port "${port:-0}" --log "$work/requests" --expected "$work/expected" "$@" 2>>"$work/model.err" &
  server=$!
  for _ in $(seq 600); do [ -s "$work/port" ] && break; kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
  [ -s "$work/port" ] || { cat "$work/model.err"; return 1; }
  port=$(cat "$work/port")
}
stop_model() {
  kill -9 "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=''
}
# errors_among_events: of the JSON in $said; behind the events stand examples of errors.
errors_among_events() { grep -o '"severity":"ERROR"' <<<"${said%%,\"findings\":\[*}" | wc -l; }

model() { stop_model; port=''; : >"$work/requests"; start_model "$@"; }
plan() { python3 -c 'import sys, urllib.request; urllib.request.urlopen(urllib.request.Request(sys.argv[1], data=sys.argv[2].encode()))' "http://127.0.0.1:$port/_model/faults" "$1"; }
model_state() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())' "http://127.0.0.1:$port/_model/state"; }

# The command of a product against the model.
address() {
  case $1 in
    loki) printf '%s\n' --url "http://127.0.0.1:$port" --query '{job="app"}' ;;
    graylog) printf '%s\n' --url "http://127.0.0.1:$port" ;;
    opensearch) printf '%s\n' --host 127.0.0.1 --port "$port" --index logs ;;
  esac
}
# scan PRODUCT OPTION...: what it prints, errors too; exit code in $work/code.
scan() {
  local product=$1 where=()
  shift
  mapfile -t where < <(address "$product")
  local code=0
  timeout 120 "$program" "$product" scan "${where[@]}" --no-rules "$@" 2>&1 || code=$?
  echo "$code" >"$work/code"
}
# exact PRODUCT: what a scan of everything gives, compared with the world.
exact() {
  local product=$1 where=()
  shift
  mapfile -t where < <(address "$product")
  timeout 300 "$program" "$product" scan "${where[@]}" --since 7d --no-rules --json --all "$@" >"$work/scan.json" 2>"$work/scan.err" || { cat "$work/scan.err"; return 1; }
  local said
  said=$(python3 "$models/oracle.py" --json "$work/expected" "$work/scan.json")
  echo "$said"
  [[ $said == 'lost 0 twice 0 of '* ]]
}
# follow_all: of each product 6,000 late entries, while its readers are killed and its server goes away; the naive pollers meanwhile.
# All at once: what takes the time is waiting for entries that come late.
declare -A server_of=() tail_of=() poller_of=() port_of=() begun_of=()
start_tail() {
  local product=$1 where=() port=${port_of[$1]}
  mapfile -t where < <(address "$product")
  "$program" "$product" tail "${where[@]}" --since 10m --resume --track-errors --no-rules --json --poll-interval 0.3 \
    --store "sqlite:$work/$product/a.db" >>"$work/$product/out" 2>>"$work/$product/tail.err" &
  tail_of[$product]=$!
}
# In the product's directory, on its port.
serve() {
  local product=$1 work=$work/$1 port=${port_of[$1]:-} server=''
  [ -n "${begun_of[$product]:-}" ] || begun_of[$product]=$(date +%s%N)
  start_model "$product" --now "${begun_of[$product]}" "${world[@]}"
  server_of[$product]=$server port_of[$product]=$port
}
end_one() {
  kill -9 "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
stored() { sqlite3 "$work/$1/a.db" "SELECT message FROM error_occurrences WHERE message LIKE '%of the model%'" >"$work/$1/stored" 2>/dev/null; }
all_stored() { stored "$1" && [ "$(wc -l <"$work/$1/stored")" -ge "$(wc -l <"$work/$1/expected")" ]; }
fails_all() { [ "$(grep -c 'lost' "$work/$1/pollers")" -eq 3 ] && ! grep -q 'lost 0 twice 0' "$work/$1/pollers"; }
follow_all() {
  local product round world code
  # Entries of twelve seconds, of which the last can be seen ten seconds later.
  world=(--begin 1 --seconds 12 --count 6000 --late --seed 3)
  for product in "$@"; do
    mkdir "$work/$product"
    serve "$product"
    python3 "$models/pollers.py" "$product" "${port_of[$product]}" "$work/$product/expected" 26 >"$work/$product/pollers" 2>"$work/$product/pollers.err" &
    poller_of[$product]=$!
    start_tail "$product"
  done
  for round in $(seq 8); do
    for product in "$@"; do
      sleep 0.$((RANDOM % 9))
      if [ "$round" = 4 ]; then
        end_one "${server_of[$product]}"
        sleep 1
        serve "$product"
        continue
      fi
      kill -9 "${tail_of[$product]}" || cat "$work/$product/tail.err"
      end_one "${tail_of[$product]}"
      start_tail "$product"
    done
  done
  for product in "$@"; do
    eventually all_stored "$product" || true
    wait "${poller_of[$product]}" || true
    kill -INT "${tail_of[$product]}" || cat "$work/$product/tail.err"
    code=0
    wait "${tail_of[$product]}" || code=$?
    check "$product: tail ends with exit code 0 when it is interrupted" is "$code" 0
    stored "$product"
    check "$product: of 6,000 late entries none is lost and none stored twice, over seven kills and a restart of the server" \
      is "$(python3 "$models/oracle.py" "$work/$product/expected" "$work/$product/stored")" 'lost 0 twice 0 of 6000'
    cat "$work/$product/pollers"
    check "$product: the three naive pollers lose or repeat some of the same entries" fails_all "$product"
    check "$product: that the server was away, and is back, is said" grep -q 'it is tried again' "$work/$product/tail.err"
    if [ "$product" = opensearch ]; then
      port=${port_of[$product]}
      check 'opensearch: no point in time is left open' holds "$(model_state)" '"open": 0'
    fi
    end_one "${server_of[$product]}"
    unset "server_of[$product]" "tail_of[$product]" "poller_of[$product]"
  done
}
# survives PRODUCT: hostile answers end a scan with exit code 2 and an error that names the place.
hostile() {
  local product=$1 what=$2 faults=$3 wanted=$4 said
  plan "$faults"
  said=$(scan "$product")
  check "$product: $what ends with exit code 2" is "$(cat "$work/code")" 2
  check "$product: $what is said" holds "$said" "$wanted"
  check "$product: $what is said with the place" holds "$said" "127.0.0.1"
}
five() { local one=$1; printf '[%s,%s,%s,%s,%s]' "$one" "$one" "$one" "$one" "$one"; }
hostile_all() {
  local product=$1
  hostile "$product" 'an answer that is no JSON' '[{"fault":"body","body":"<html>hello</html>"},{"fault":"body","body":"<html>hello</html>"}]' 'is no JSON'
  hostile "$product" 'JSON of another shape' '[{"fault":"body","body":"{\"data\":{\"result\":7}}"},{"fault":"body","body":"{\"data\":{\"result\":7}}"}]' 'its answer holds no'
  hostile "$product" 'an answer nested too deeply' '[{"fault":"deep"},{"fault":"deep"}]' 'nested too deeply'
  hostile "$product" 'a redirect to another address' '[{"fault":"status","status":302,"headers":{"Location":"http://169.254.169.254/latest/meta-data/"}},{"fault":"status","status":302,"headers":{"Location":"http://169.254.169.254/latest/meta-data/"}}]' 'redirects are not followed'
  hostile "$product" 'a server that fails five times' "$(five '{"fault":"status","status":503,"headers":{"Retry-After":"0"}}')" 'answered 503'
  hostile "$product" 'an answer cut five times' "$(five '{"fault":"cut"}')" 'cannot be asked'
  plan '[{"fault":"status","status":429,"headers":{"Retry-After":"1"}},{"fault":"cut"}]'
  check "$product: a 429 and a cut answer pass" exact "$product"
}

loki_cases() {
  say 'Loki: reading once'
  model loki --count 100000 --begin -3000 --seconds 2900 --crowd 3000 --late
  check 'loki: 103,000 entries with ties, equal ones and 3,000 at one nanosecond come once each' exact loki
  model loki --count 20000 --begin -3000 --seconds 2900 --crowd 700 --limit 500 --range 600
  said=$(exact loki || true)
  missing() { [[ $said =~ ^lost\ ([0-9]+)\ twice\ 0\ of\ 20700$ ]] && [ "${BASH_REMATCH[1]}" -ge 1 ] && [ "${BASH_REMATCH[1]}" -le 210 ] || { echo "$said"; return 1; }; }
  check 'loki: of a server that allows 500 entries and ten minutes all comes, but for some of 700 at one nanosecond' missing
  check 'loki: that entries at one nanosecond are more than a page takes is said' holds "$(cat "$work/scan.err")" 'more than 500 entries at'
  for number in $(seq 30); do
    echo "198.51.100.$number - - [18/May/2026:10:00:$((number + 10)) +0000] \"GET /missing/$number HTTP/1.1\" 404 153 \"-\" \"curl/8.0\"" >>"$work/nginx.log"
    echo "{\"time\":\"2026-05-18T10:00:00Z\",\"level\":\"warning\",\"message\":\"slow query $number\",\"user\":\"mary@example.com\"}" >>"$work/app.json"
  done
  model loki --count 10 --begin -3000 --lines "$work/nginx.log" "$work/app.json"
  said=$(timeout 180 "$program" loki scan --url "http://127.0.0.1:$port" --query '{job="files"}' --since 7d --json --all --no-rules)
  check 'loki: the lines of a stream are read in its format: nginx' holds "$said" '"format":"access_combined"'
  check 'loki: the lines of another stream in its own: JSON' holds "$said" '"format":"json"'
  check 'loki: labels are fields' holds "$said" '"filename":"app.json"'
  check 'loki: numbers of an access log are typed' holds "$said" '"status":404'
  check 'loki: labels are redacted' lacks "$(scan loki --json --all)" '192.0.2.77'
  check 'loki: a query for numbers is refused with the remedy' holds \
    "$(timeout 180 "$program" loki scan --url "http://127.0.0.1:$port" --query 'rate({job="app"}[1m])' 2>&1)" 'leave out rate()'
  check "loki: what is wrong with a query is the server's own word" holds \
    "$(timeout 180 "$program" loki scan --url "http://127.0.0.1:$port" --query 'nonsense' 2>&1)" 'parse error at line 1'
  say 'Loki: hostile answers'
  model loki --count 500 --begin -3000 --seconds 2900
  hostile_all loki
  plan '[{"fault":"huge"},{"fault":"huge"}]'
  check 'loki: an answer beyond 64 MiB is asked for in smaller pieces' exact loki
}

opensearch_cases() {
  say 'OpenSearch and Elasticsearch: reading once'
  for server_of in 'opensearch 3.3.0' 'opensearch 2.19.1' 'opensearch 1.3.0' 'elasticsearch 8.15.0' 'elasticsearch 7.12.1' 'elasticsearch 7.10.2'; do
    read -r distribution version <<<"$server_of"
    model opensearch --distribution "$distribution" --version "$version" --count 20000 --begin -3000 --seconds 2900 --crowd 2500
    check "opensearch: $server_of: 22,500 documents, 2,500 of them at one millisecond, come once each" exact opensearch
    check "opensearch: $server_of: no point in time is left open" holds "$(model_state)" '"open": 0'
  done
  for server_of in 'opensearch 3.3.0' 'elasticsearch 8.15.0'; do
    read -r distribution version <<<"$server_of"
    model opensearch --distribution "$distribution" --version "$version" --nanos --count 1000 --begin -3000 --seconds 2900 --crowd 25000
    check "opensearch: $server_of: 25,000 documents at one nanosecond, more than a window takes, come once each" exact opensearch
    check "opensearch: $server_of: a point in time was asked for" lacks "$(model_state)" '"opened": 0'
    plan '[null,null,null,{"fault":"forget"},null,{"fault":"forget"}]'
    check "opensearch: $server_of: where the server forgets the point in time it is opened again" exact opensearch
  done
  model opensearch --count 2000 --begin -3000 --seconds 2900
  check 'opensearch: info names product, version and index' holds "$(timeout 180 "$program" opensearch info --host 127.0.0.1 --port "$port" --index logs --json)" \
    '"distribution":"opensearch","version":"3.3.0","name":"node-1","cluster":"logs","health":"yellow","index":"logs","documents":2000,"points_in_time":true,"shard_doc":true'
  plan '[null,null,{"fault":"shards"}]'
  check 'opensearch: an answer some shards are missing in is not taken' exact opensearch
  check 'opensearch: that shards did not answer is said' holds "$(cat "$work/scan.err")" '1 of 2 shards did not answer'
  said=$(scan opensearch --since 2h --json --all)
  check 'opensearch: nested and dotted fields have one name' is "$(grep -o '"host":"web0[12]","parsed' <<<"$said" | sort -u | wc -l)" 2
  check 'opensearch: addresses in fields are redacted' lacks "$said" '192.0.2.77'
  check 'opensearch: a password in a field is redacted' lacks "$said" '12345678'
  check 'opensearch: severity comes from the document' is "$(errors_among_events)" 2000
  check 'opensearch: an index that is not there is an error' holds "$(timeout 180 "$program" opensearch scan --host 127.0.0.1 --port "$port" --index other 2>&1)" 'no such index'
  check 'opensearch: a pattern no index has is said' holds "$(timeout 180 "$program" opensearch scan --host 127.0.0.1 --port "$port" --index 'nothing-*' 2>&1)" 'no index is called nothing-*'
  check 'opensearch: what is no index is refused' holds "$(timeout 180 "$program" opensearch scan --index ../_all 2>&1)" 'an index is a name'
  say 'OpenSearch: hostile answers'
  hostile_all opensearch
}

graylog_cases() {
  say 'Graylog: reading once'
  for way in '' --scripting; do
    model graylog $way --count 30000 --begin -3000 --seconds 2900 --crowd 4000
    check "graylog${way:+ by the scripting API}: 34,000 messages, 4,000 of them at one millisecond, come once each" exact graylog
  done
  model graylog --count 100 --begin -3000 --seconds 2900 --crowd 12000
  said=$(exact graylog || true)
  missing() { [[ $said =~ ^lost\ ([0-9]+)\ twice\ 0\ of\ 12100$ ]] && [ "${BASH_REMATCH[1]}" -ge 1 ] && [ "${BASH_REMATCH[1]}" -le 2010 ] || { echo "$said"; return 1; }; }
  check 'graylog: of 12,000 messages at one millisecond those beyond 10,000 are missing' missing
  check 'graylog: and that is said' holds "$(cat "$work/scan.err")" 'more than 10000 entries at'
  model graylog --count 500 --begin -3000 --seconds 2900
  said=$(scan graylog --since 2h --json --all)
  check 'graylog: the source is the host' is "$(grep -o '"host":"web0[0-2]"' <<<"$said" | sort -u | wc -l)" 3
  check 'graylog: a source that is an address is redacted' lacks "$said" '192.0.2.77'
  check 'graylog: levels are severities' is "$(errors_among_events)" 500
  check 'graylog: fields are kept, and numbers are typed' holds "$said" '"http_status":500'
  check "graylog: Graylog's own notes are not" lacks "$said" 'gl2_'
  check 'graylog: the text behind the first line is' holds "$said" 'at main.c:7'
  check "graylog: what is wrong with a query is the server's own word" holds "$(timeout 180 "$program" graylog scan --url "http://127.0.0.1:$port" --query '((' 2>&1)" 'Failed to parse query'
  check 'graylog: a stream is asked for' holds "$(scan graylog --since 2h --streams 000000000000000000000001 --json --all)" 'sequence 000000'
  check 'graylog: a stream that may not be read is an error' holds "$(scan graylog --streams abc)" 'answered 403'
  say 'Graylog: hostile answers'
  hostile_all graylog
}

credentials_cases() {
  say 'Credentials'
  secret=planted-Secret-7f3a-of-a-server
  expect() { grep -qF -- "\"Authorization\": \"$1\"" "$work/requests" || { echo "no request had $1"; tail -3 "$work/requests"; return 1; }; }
  nowhere() { ! grep -rqF -e "$secret" -e "$(printf %s "$secret" | base64)" "$work"/*.out "$work"/*.db* "$work/state" 2>/dev/null || { echo 'the secret is there'; return 1; }; }
  model loki --count 50 --begin -3000 --seconds 2900 --token "$secret" --tenant 'a|b'
  printf '%s\n' "$secret" >"$work/token"
  chmod 600 "$work/token"
  args=(--url "http://127.0.0.1:$port" --query '{job="app"}' --since 2h --no-rules)
  check 'loki: a token of a file and tenants are sent' holds "$("$program" loki scan "${args[@]}" --token-file "$work/token" --org-id 'a|b' 2>&1)" 'Events   : 50'
  check 'loki: as a bearer' expect "Bearer $secret"
  check 'loki: a token of the environment is sent' holds "$(LOKI_TOKEN=$secret "$program" loki scan "${args[@]}" --org-id 'a|b' 2>&1)" 'Events   : 50'
  check 'loki: a token of the command line is sent' holds "$("$program" loki scan "${args[@]}" --token "$secret" --org-id 'a|b' 2>&1)" 'Events   : 50'
  wrong=$("$program" loki scan "${args[@]}" --token wrong 2>&1) && code=0 || code=$?
  check 'loki: a wrong token ends a scan with exit code 2' is "$code" 2
  check 'loki: and the server says so' holds "$wrong" 'answered 401'
  LOKI_USERNAME=mary LOKI_PASSWORD=$secret "$program" loki scan "${args[@]}" >"$work/basic.out" 2>&1 || true
  check 'loki: user and password of the environment are sent' expect "Basic $(printf 'mary:%s' "$secret" | base64)"
  chmod 644 "$work/token"
  check 'loki: a file others may read is refused' holds "$("$program" loki scan "${args[@]}" --token-file "$work/token" 2>&1)" 'chmod 600'
  check 'http: credentials do not leave this machine unencrypted' holds \
    "$("$program" loki scan --url http://192.0.2.1:3100 --query '{a="b"}' --token "$secret" 2>&1)" '--insecure-http'
  check 'http: an address with a password in it is refused' holds "$("$program" loki scan --url "http://u:$secret@127.0.0.1:$port" --query '{a="b"}' 2>&1)" 'give them by their own options'
  # A server that says what it was sent, in an error, in log lines and in a redirect.
  plan '[{"fault":"status","status":400,"body":"you sent AUTHORIZATION"}]'
  "$program" loki scan "${args[@]}" --token "$secret" >"$work/echo1.out" 2>&1 || true
  check 'loki: what a server says is shown' holds "$(cat "$work/echo1.out")" 'you sent'
  plan '[{"fault":"body","body":"{\"data\":{\"resultType\":\"streams\",\"result\":[{\"stream\":{\"job\":\"AUTHORIZATION\"},\"values\":[[\"1900000000000000000\",\"ERROR echo AUTHORIZATION\"]]}]}}"}]'
  "$program" loki scan "${args[@]}" --token "$secret" --track-errors --all --json --store "sqlite:$work/echo.db" >"$work/echo2.out" 2>&1 || true
  check 'loki: a log line that repeats it is read' holds "$(cat "$work/echo2.out")" 'echo'
  "$program" loki tail "${args[@]}" --token "$secret" --org-id 'a|b' --resume --json >"$work/tail.out" 2>&1 &
  tail=$!
  eventually grep -q 'sequence 000000' "$work/tail.out" || true
  check 'loki: tail reads with a token' grep -q 'sequence 000000' "$work/tail.out"
  check 'loki: a token is not in the list of processes' lacks "$(tr '\0' ' ' <"/proc/$tail/cmdline")" "$secret"
  check 'loki: nor in the environment of the process' lacks "$(tr '\0' ' ' <"/proc/$tail/environ")" "$secret"
  kill -INT "$tail"
  wait "$tail" || true
  tail=''
  plan '[{"fault":"status","status":401,"body":"no"},{"fault":"status","status":401,"body":"no"}]'
  "$program" loki tail "${args[@]}" --token "$secret" --org-id 'a|b' --json >"$work/refused.out" 2>&1 &
  tail=$!
  eventually grep -q 'asked again every 5 minutes' "$work/refused.out" || true
  check 'loki: tail says once that it is refused, and goes on' grep -q 'asked again every 5 minutes' "$work/refused.out"
  kill -INT "$tail"
  wait "$tail" || true
  tail=''
  model graylog --count 50 --begin -3000 --seconds 2900 --credentials "$secret:token"
  check 'graylog: a token is a user whose password is "token"' holds "$(GRAYLOG_TOKEN=$secret "$program" graylog scan --url "http://127.0.0.1:$port" --since 2h --no-rules 2>&1)" 'Events   : 50'
  GRAYLOG_USERNAME=mary GRAYLOG_PASSWORD=$secret "$program" graylog scan --url "http://127.0.0.1:$port" --no-rules >"$work/graylog.out" 2>&1 || true
  check 'graylog: user and password of the environment are sent' expect "Basic $(printf 'mary:%s' "$secret" | base64)"
  plan '[{"fault":"status","status":400,"body":"you sent AUTHORIZATION"}]'
  GRAYLOG_TOKEN=$secret "$program" graylog scan --url "http://127.0.0.1:$port" --no-rules >"$work/echo3.out" 2>&1 || true
  check 'graylog: what a server says is shown' holds "$(cat "$work/echo3.out")" 'you sent'
  model opensearch --count 50 --begin -3000 --seconds 2900 --authorization "ApiKey $(printf 'id:%s' "$secret" | base64)"
  args=(--host 127.0.0.1 --port "$port" --index logs --since 2h --no-rules)
  check 'opensearch: an API key of two parts is sent as the header has it' holds "$(OPENSEARCH_API_KEY=id:$secret "$program" opensearch scan "${args[@]}" 2>&1)" 'Events   : 50'
  check 'opensearch: one in the form of the header as it is' holds "$(OPENSEARCH_API_KEY=$(printf 'id:%s' "$secret" | base64) "$program" opensearch scan "${args[@]}" 2>&1)" 'Events   : 50'
  OPENSEARCH_USERNAME=mary OPENSEARCH_PASSWORD=$secret "$program" opensearch scan "${args[@]}" >"$work/opensearch.out" 2>&1 || true
  check 'opensearch: user and password of the environment are sent' expect "Basic $(printf 'mary:%s' "$secret" | base64)"
  check 'opensearch: info says what is refused' holds "$(timeout 180 "$program" opensearch info --host 127.0.0.1 --port "$port" 2>&1 || true)" 'answered 401'
  check 'the secret is in no output, no position and no database' nowhere

  say 'TLS'
  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -days 2 -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
  cat "$work/key.pem" "$work/cert.pem" >"$work/both.pem"
  model opensearch --count 50 --begin -3000 --seconds 2900 --cert "$work/both.pem"
  printf 'opensearch:\n  host: localhost\n  port: %s\n  use_ssl: true\n  default_index: logs\n' "$port" >"$work/tls.yaml"
  args=(--config "$work/tls.yaml" --since 2h --no-rules)
  check 'a certificate nobody vouches for is refused' holds "$("$program" opensearch scan "${args[@]}" 2>&1)" 'certificate'
  check 'one that the named file vouches for is taken' holds "$(OPENSEARCH_CA_CERTS=$work/cert.pem "$program" opensearch scan "${args[@]}" 2>&1)" 'Events   : 50'
  check 'a file that is not there is said' holds "$(OPENSEARCH_CA_CERTS=$work/none.pem "$program" opensearch scan "${args[@]}" 2>&1)" 'No such file'
  printf '  verify_certs: false\n' >>"$work/tls.yaml"
  said=$("$program" opensearch scan "${args[@]}" 2>&1)
  check 'with verify_certs: false any is taken' holds "$said" 'Events   : 50'
  check 'and that is said' holds "$said" 'certificate is not checked'
  model opensearch --count 50 --begin -3000 --seconds 2900 --cert "$work/both.pem" --client-cert "$work/cert.pem"
  printf 'opensearch:\n  host: localhost\n  port: %s\n  use_ssl: true\n  default_index: logs\n' "$port" >"$work/tls.yaml"
  export OPENSEARCH_CA_CERTS=$work/cert.pem
  "$program" opensearch scan "${args[@]}" >/dev/null 2>&1 && code=0 || code=$?
  check 'a server that wants a certificate refuses who has none' is "$code" 2
  check 'a certificate and its key are shown to it' holds \
    "$(OPENSEARCH_CLIENT_CERT=$work/cert.pem OPENSEARCH_CLIENT_KEY=$work/key.pem "$program" opensearch scan "${args[@]}" 2>&1)" 'Events   : 50'
  unset OPENSEARCH_CA_CERTS

  say 'Configuration'
  model opensearch --count 40 --begin -3000 --seconds 2900 --time-field logged
  printf 'opensearch:\n  host: 127.0.0.1\n  port: %s\n  default_index: logs\n  timestamp_field: logged\n  message_field: host.name\n  severity_field: severity\n  source_name_field: level\n' "$port" >"$work/fields.yaml"
  said=$("$program" opensearch scan --config "$work/fields.yaml" --since 2h --no-rules --json --all 2>&1)
  check 'opensearch: host, port, index and time are those of the configuration' is "$(grep -o '"number":' <<<"$said" | wc -l)" 40
  check 'opensearch: the message is of the field named' holds "$said" '"message":"web01"'
  check 'opensearch: the host is of the field named' holds "$said" '"host":"error"'
  for line in 'host: 5' 'port: http' 'port: 70000' 'use_ssl: 1' 'verify_certs: "no"' 'default_index: []' 'timestamp_field: ""' 'message_field: 7' 'severity_field: 7' 'source_name_field: {}'; do
    printf 'opensearch:\n  %s\n' "$line" >"$work/wrong.yaml"
    check "configuration: opensearch.$line is refused with its place" holds "$("$program" opensearch info --config "$work/wrong.yaml" 2>&1)" 'wrong.yaml:2:'
  done
}

# CASES="loki" runs those of one product alone.
wants() { [[ " ${CASES:-loki opensearch graylog credentials} " == *" $1 "* ]]; }
if wants loki; then loki_cases; fi
if wants opensearch; then opensearch_cases; fi
if wants graylog; then graylog_cases; fi
followed=()
for product in loki opensearch graylog; do ! wants "$product" || followed+=("$product"); done
if [ ${#followed[@]} -gt 0 ]; then
  say "following: ${followed[*]}"
  follow_all "${followed[@]}"
fi
if wants credentials; then credentials_cases; fi
finish
