#!/usr/bin/env bash
# 80: fleet list, scan, tail and init: files, an sshd and a log store's model beside dead targets; kills, a lost host, secrets
# lane: servers
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/sshd.sh"

checks=40
[ "$(id -u)" -eq 0 ] || skip_all 'only root can run an sshd of its own'
install_packages build test ssh remote-sources
build_targets logystera

program="$build_dir/logystera"
work=$(mktemp -d /tmp/logystera-fleet.XXXXXX)
tail='' writer='' model=''
end_with "$work" tail writer sshd model
export LOGYSTERA_PII_SALT=salt TZ=UTC XDG_STATE_HOME="$work/state" PYTHONDONTWRITEBYTECODE=1
cd "$work"  # no configuration of somebody's is found

exits() {
  local code=0 wanted=$1
  shift
  timeout 180 "$@" >"$work/printed" 2>&1 || code=$?
  is "$code" "$wanted" || { cat "$work/printed"; return 1; }
}

make_keys "$work"
start_sshd "$work" || skip_all 'sshd does not start here'
port=$sshd_port

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
    token: \${LOKI_TOKEN}
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
check 'a reference is shown as it stands' holds "$("$program" fleet list --json --target logs)" '"token":"${LOKI_TOKEN}"'
export LOKI_TOKEN=geheim
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

say 'targets of which something is wrong'
cat >"$work/wrong.yaml" <<Y
targets:
  - {name: local, type: file, path: $work/local.log}
  - {name: refused, type: loki, url: 'http://127.0.0.1:$(cat "$work/loki.port")', query: '{job="app"}', token: '\${WRONG_TOKEN}'}
  - {name: unset, type: loki, url: 'http://127.0.0.1:$(cat "$work/loki.port")', query: '{job="app"}', token: '\${NOBODY_SETS_THIS}'}
Y
export WRONG_TOKEN=falsch-4711
check 'one that is refused and one without its variable stop no other' exits 0 "$program" fleet scan --json --targets "$work/wrong.yaml"
check 'what came of each' is "$(targets "$(grep -m1 '^{' "$work/printed")")" 'local:read:3 refused:failed:0 unset:failed:0'
check 'that one is refused is said' holds "$(cat "$work/printed")" 'answered 401'
check 'and which variable is missing' holds "$(cat "$work/printed")" 'NOBODY_SETS_THIS, which is not set'
check 'the wrong secret is in nothing that is printed' lacks "$(cat "$work/printed")" falsch-4711

say 'following: two logs of 2,000 lines each, six kills, a host that goes and comes'
start_tail() {
  "$program" fleet tail --resume --json --track-errors --heartbeat 1 --store "sqlite:$work/a.db" >>"$work/out" 2>>"$work/err" &
  tail=$!
}
# Where nothing was read yet it begins now: what is written before it has is not for it.
start_tail
reading() {
  [ "$(sqlite3 "$work/a.db" "SELECT count(*) FROM positions WHERE target LIKE 'fleet:local%' OR target LIKE 'fleet:far%' AND CAST(text AS TEXT) LIKE '%' || char(10) || 'at %'" 2>/dev/null)" = 2 ]
}
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
    kill -9 "$sshd"
    wait "$sshd" 2>/dev/null || true
    went() { pkill -9 -P "$tail" ssh; grep -q 'far is down' "$work/err"; }
    eventually went || true
    start_sshd "$work"
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

say 'a directory and a pattern'
mkdir -p "$work/logs" "$work/else"
: >"$work/logs/a.log"
: >"$work/logs/b.log"
: >"$work/logs/b.log.1"
: >"$work/else/c.log"
ln -s ../else/c.log "$work/logs/link.log"
cat >"$work/files.yaml" <<Y
targets:
- {name: directory, type: file, path: $work/logs}
- {name: pattern, type: file, path: '$work/el*/*.log'}
- {name: none, type: file, path: '$work/none*.log'}
Y
follow_files() {
  rm -f "$work/b.db" "$work/out2" "$work/err2"  # what an earlier one said is no sign that this one is there
  "$program" fleet tail --targets "$work/files.yaml" --track-errors --heartbeat 1 --resume --store "sqlite:$work/b.db" "$@" >"$work/out2" 2>"$work/err2" &
  tail=$!
  eventually grep -q '2 of 3 targets up' "$work/err2"
  line 1 >>"$work/logs/a.log"
  line 2 >>"$work/logs/b.log"
  line 3 >>"$work/else/c.log"
  eventually grep -q '000003' "$work/out2" || true
  found() { [ "$(sqlite3 "$work/b.db" "SELECT group_concat(source, ' ') FROM (SELECT DISTINCT replace(source, '$work/', '') AS source FROM error_occurrences ORDER BY 1)")" = "$1" ]; }
}
end_tail() {
  kill -INT "$tail"
  wait "$tail" || true
  tail=''
}
follow_files
check 'each log of a directory and of a pattern is followed' eventually found 'fleet:directory:logs/a.log fleet:directory:logs/b.log fleet:pattern:else/c.log'
check 'a pattern that fits nothing stops no other' grep -q 'none is down: .*no file fits this pattern' "$work/err2"
check 'and stands on a line of its own' grep -q '  none down since' "$work/err2"
end_tail
follow_files --follow-links
check 'links within a directory are followed where that is wanted' eventually found 'fleet:directory:logs/a.log fleet:directory:logs/b.log fleet:directory:logs/link.log fleet:pattern:else/c.log'
end_tail
export XDG_STATE_HOME="$work/state"
"$program" fleet tail --targets "$work/files.yaml" --target pattern --resume >/dev/null 2>&1 &
tail=$!
kept() { compgen -G "$work/state/logystera/tail-*"; }
eventually kept || true
kill -INT "$tail"
wait "$tail" || true
tail=''
for kept in "$work"/state/logystera/tail-*; do
  rm "$kept"
  mkdir "$kept"
done
check 'where a position cannot be read nothing is begun anew' exits 2 timeout -s INT 60 "$program" fleet tail --targets "$work/files.yaml" --target pattern --resume
check 'and what helps is said' holds "$(cat "$work/printed")" 'make it readable, or run once with --resume --reset-position'
unset XDG_STATE_HOME
many() { for n in $(seq 1 400); do printf '%s\n' "- {name: t$n, type: file, path: $work/many/$n.log}"; done; }
mkdir -p "$work/many"
{ echo targets:; many; } >"$work/many.yaml"
check 'too few open files are said with the remedy' sh -c "ulimit -n 100; timeout -s INT 15 '$program' fleet tail --targets '$work/many.yaml' --heartbeat 0 2>&1 | grep -q 'raise .ulimit -n.'"
check 'as many as there may be are asked for' sh -c "ulimit -Sn 100; timeout -s INT 3 '$program' fleet tail --targets '$work/many.yaml' --heartbeat 0 >'$work/many.out' 2>&1; ! grep -q 'ulimit' '$work/many.out'"

say 'asking for a target'
answers() { printf '%s\n' new loki http://127.0.0.1:9 '{job="x"}' 1h '' "s3cr3t!" ghp_16C7e42F292c6912E7710c83 NEW_TOKEN '' '' '' 'web, prod' n; }
answers | script -qec "'$program' fleet init --targets '$work/made.yaml'" /dev/null >"$work/asked" 2>&1 || true
check 'a token that is pasted instead is not taken' lacks "$(cat "$work/made.yaml")" ghp_
check 'the file it makes holds a reference' is "$(grep -c 'token: "${NEW_TOKEN}"' "$work/made.yaml") $(stat -c %a "$work/made.yaml") $("$program" fleet list --targets "$work/made.yaml" --json | grep -c '"groups":\["web","prod"\]')" '1 600 1'
# A host that may not stand there is refused when all is said; then it alone is said anew.
{ printf '%s\n' far2 ssh 'ann:secret@h' '' '' /var/log/a '' '' '' '' web; printf '%s\n' '' '' h.example '' '' '' '' '' '' '' '' n; } |
  script -qec "'$program' fleet init --targets '$work/made.yaml'" /dev/null >"$work/asked" 2>&1 || true
check 'a password within an address is not shown again' lacks "$(sed 1,3d "$work/asked" | grep 'Host')" '[ann'
check 'after a refusal what was right is kept by an empty answer' is "$("$program" fleet list --targets "$work/made.yaml" --json --target far2 | grep -c '"groups":\["web"\].*"host":"h.example","path":\["/var/log/a"\]')" 1
finish
