#!/usr/bin/env bash
# 80: fleet list, scan, tail and init: files, an sshd and a log store's model beside dead targets; kills, a lost host, secrets
source "$(dirname "$0")/../stage.sh"

checks=25
skip_all() {
  echo "skipped fleet: $checks checks skipped: $1"
  tally 0 0 "$checks"
  finish
}

[ "$(id -u)" -eq 0 ] || skip_all 'only root can run an sshd of its own'
install_packages build test ssh remote-sources
cmake -S "$root" -B "$build_dir" -G Ninja
ninja -C "$build_dir" -j "$jobs" logystera

program="$build_dir/logystera"
work=$(mktemp -d /tmp/logystera-fleet.XXXXXX)
server='' tail='' writer='' model=''
end_all() {
  local status=$?
  trap - EXIT
  for pid in $tail $writer $server $model; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf --one-file-system "$work"
  exit "$status"
}
trap end_all EXIT
export LOGYSTERA_PII_SALT=salt TZ=UTC XDG_STATE_HOME="$work/state" PYTHONDONTWRITEBYTECODE=1
cd "$work"  # no configuration of somebody's is found

is() { [ "$1" = "$2" ] || { printf 'got %s, wanted %s\n' "$1" "$2"; return 1; }; }
holds() { grep -qF -- "$2" <<<"$1" || { printf 'there is no %s in:\n%.2000s\n' "$2" "$1"; return 1; }; }
lacks() { ! grep -qF -- "$2" <<<"$1" || { printf 'there is %s in:\n%.2000s\n' "$2" "$1"; return 1; }; }
eventually() {
  for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done
  "$@"
}
exits() {
  local code=0 wanted=$1
  shift
  timeout 60 "$@" >"$work/printed" 2>&1 || code=$?
  is "$code" "$wanted" || { cat "$work/printed"; return 1; }
}

ssh-keygen -q -t ed25519 -N '' -f "$work/key"
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
cp "$work/key.pub" "$work/authorized"
mkdir -p /run/sshd
port=''
start_sshd() {
  printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $work/host" "AuthorizedKeysFile $work/authorized" 'StrictModes no' \
    'UsePAM no' "PidFile $work/pid" 'PermitRootLogin yes' >"$work/sshd.conf"
  "$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$work/sshd.conf" -E "$work/sshd.log" &
  server=$!
  for _ in $(seq 50); do [ -s "$work/pid" ] && return 0; kill -0 "$server" 2>/dev/null || return 1; sleep 0.1; done
  return 1
}
for _ in $(seq 20); do
  port=$((20000 + RANDOM % 20000))
  start_sshd && break
done
[ -s "$work/pid" ] || skip_all 'sshd does not start here'
echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$work/host.pub")" >"$work/known"

python3 "$root/tests/e2e/models/loki.py" --port-file "$work/loki.port" --port 0 --log "$work/requests" --expected "$work/expected" --count 200 --begin -600 --token geheim \
  2>"$work/model.err" &
model=$!
eventually test -s "$work/loki.port"

day=$(date -u +%F)
line() { printf '%s 00:01:00 ERROR broken pipe of worker sequence %06d from 198.51.100.7\n' "$day" "$1"; }
for n in 1 2 3; do line "$n"; done >"$work/local.log"
for n in 1 2 3 4; do line "$n"; done >"$work/far.log"
cat >"$work/targets.yaml" <<Y
targets:
  - name: local
    type: file
    path: $work/local.log
    groups: [near, all]
  - name: far
    type: ssh
    host: 127.0.0.1
    user: root
    port: $port
    path: $work/far.log
    ssh_opt: [IdentityFile=$work/key, IdentitiesOnly=yes, UserKnownHostsFile=$work/known]
    groups: [web, all]
  - name: logs
    type: loki
    url: http://127.0.0.1:$(cat "$work/loki.port")
    query: '{job="app"}'
    token: \${FLEET_TOKEN}
    groups: [web]
  - name: dead
    type: ssh
    host: 127.0.0.1
    port: 1
    path: /var/log/auth.log
    groups: [web]
  - name: off
    type: file
    path: /nonexistent
    enabled: false
Y

say 'listing and checking'
listed=$("$program" fleet list 2>&1)
check 'all targets are listed, those that are not enabled too' holds "$listed" '5 targets'
check 'a reference is shown as it stands' holds "$("$program" fleet list --json --target logs)" '"token":"${FLEET_TOKEN}"'
export FLEET_TOKEN=geheim
check 'the check exits with 2 where one is down' exits 2 "$program" fleet list --check
checked=$(cat "$work/printed")
check 'what answers is up' is "$(grep -cE '^(local|far|logs) .* up ' "$work/printed")" 3
check 'what does not is down, with the reason' holds "$checked" 'Connection refused'
check 'the secret is in nothing that is printed' lacks "$listed$checked" geheim
check 'a name that no target has is an error that lists those there are' exits 2 "$program" fleet scan --target locl
check 'they are listed' holds "$(cat "$work/printed")" 'dead, far, local, logs, off'

say 'reading once'
check 'one dead target among four is no failure' exits 0 "$program" fleet scan --json
scanned=$(cat "$work/printed")
targets() { python3 -c 'import json, sys
document = json.loads(sys.argv[1][sys.argv[1].index("{"):].splitlines()[0])
print(" ".join("%s:%s:%d" % (t["name"], t["state"], t["events"]) for t in document["targets"]))' "$1"; }
check 'each target says what came of it' is "$(targets "$(grep -m1 '^{' "$work/printed")")" 'local:read:3 far:read:4 logs:read:200 dead:failed:0'
check 'records name their target' holds "$scanned" "\"source\":\"fleet:far:ssh:root@127.0.0.1:$work/far.log\""
check 'the dead one is a failure with --strict' exits 2 "$program" fleet scan --strict --findings-only
check 'and where none can be read' exits 2 "$program" fleet scan --target dead
check 'a group is its targets' exits 0 "$program" fleet scan --group near --json
check 'and no others' is "$(targets "$(grep -m1 '^{' "$work/printed")")" 'local:read:3'
check 'a target that has no end is left after its time' exits 0 "$program" fleet scan --timeout 20 --target local --target logs

say 'following: two logs of 2,000 lines each, six kills, a host that goes and comes'
start_tail() {
  "$program" fleet tail --resume --json --track-errors --heartbeat 1 --store "sqlite:$work/a.db" >>"$work/out" 2>>"$work/err" &
  tail=$!
}
# Where nothing was read yet it begins now: what is written before it has is not for it.
start_tail
reading() { [ "$(sqlite3 "$work/a.db" "SELECT count(*) FROM positions WHERE target LIKE 'fleet:far%' AND CAST(text AS TEXT) LIKE '%' || char(10) || 'at %'" 2>/dev/null)" = 1 ]; }
eventually reading
{
  for n in $(seq 1001 3000); do
    line "$n" >>"$work/local.log"
    line "$n" >>"$work/far.log"
    ((n % 50)) || sleep 0.1
  done
} &
writer=$!
for round in 1 2 3 4 5 6; do
  sleep "0.$((RANDOM % 9 + 1))"
  if ((round == 3)); then
    kill -9 "$server"
    wait "$server" 2>/dev/null || true
    rm -f "$work/pid"
    went() { pkill -9 -P "$tail" ssh; grep -q 'far is down' "$work/err"; }
    eventually went || true
    start_sshd
    eventually grep -q 'far is up again' "$work/err" || true
    continue
  fi
  kill -9 "$tail"
  wait "$tail" 2>/dev/null || true
  start_tail
done
wait "$writer"
writer=''
rows() { sqlite3 "$work/a.db" "SELECT count(*), count(DISTINCT message) FROM error_occurrences WHERE source LIKE 'fleet:$1:%' AND message LIKE '%sequence%'"; }
all_rows() { [ "$(rows local)" = '2000|2000' ] && [ "$(rows far)" = '2000|2000' ]; }
eventually all_rows || true
check 'each line of the file is stored once' is "$(rows local)" '2000|2000'
check 'and each of the other host' is "$(rows far)" '2000|2000'
beat() { tail -n 400 "$work/out" | grep '"heartbeat"' | tail -1; }
again() { grep -qF '"up":3,"down":[{"target":"dead"' <<<"$(beat)"; }
eventually again || true
check 'the heartbeat says who is up and who is not' again
check 'that a target went is said' grep -q 'far is down' "$work/err"
check 'and that it came back' grep -q 'far is up again' "$work/err"
kill -INT "$tail"
ended=0
wait "$tail" || ended=$?
tail=''
check 'it ends well when it is interrupted' is "$ended" 0
check 'the secret is in nothing that it printed or stored' lacks "$(cat "$work/out" "$work/err" "$work/a.db" | tr -d '\0')" geheim

say 'asking for a target'
answers() { printf '%s\n' new loki http://127.0.0.1:9 '{job="x"}' 1h '' "s3cr3t!" ghp_16C7e42F292c6912E7710c83 NEW_TOKEN '' '' '' 'web, prod' n; }
answers | script -qec "'$program' fleet init --targets '$work/made.yaml'" /dev/null >"$work/asked" 2>&1 || true
check 'a token that is pasted instead is not taken' lacks "$(cat "$work/made.yaml")" ghp_
check 'the file it makes holds a reference' is "$(grep -c 'token: "${NEW_TOKEN}"' "$work/made.yaml") $(stat -c %a "$work/made.yaml") $("$program" fleet list --targets "$work/made.yaml" --json | grep -c '"groups":\["web","prod"\]')" '1 600 1'
finish
