#!/usr/bin/env bash
# 78: docker scan and tail against a dockerd of the stage's own: kills, its restart, rotation, odd lines, names and labels
# lane: servers
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/dockerd.sh"

checks=41
[ "$(id -u)" -eq 0 ] || skip_all 'only root can run a Docker of its own'
install_packages build test docker-logs
build_targets logystera

program="$build_dir/logystera"
make_dockerd_home docker-logs
work="$docker_home/work"
mkdir "$work"
tail=''
without_containers() { [ -z "$tail" ] || kill -9 "$tail" 2>/dev/null || true; }
export LOGYSTERA_PII_SALT=salt TZ=UTC XDG_STATE_HOME="$work/state"

# A certificate authority, the daemon's certificate and a client's.
mkdir "$work/certs"
certify() {
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$work/certs/$1-key.pem" -out "$work/certs/$1.csr" &&
    openssl x509 -req -in "$work/certs/$1.csr" -CA "$work/certs/ca.pem" -CAkey "$work/certs/ca-key.pem" -CAcreateserial -days 2 \
      -extfile <(echo "$2") -out "$work/certs/$1-cert.pem"
}
{
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout "$work/certs/ca-key.pem" -out "$work/certs/ca.pem"
  certify server 'subjectAltName=IP:127.0.0.1'
  certify client extendedKeyUsage=clientAuth
} >"$stage_dir/openssl.log" 2>&1
mkdir "$work/tls" "$work/bare"
cp "$work/certs/ca.pem" "$work/tls" && cp "$work/certs/ca.pem" "$work/bare"
cp "$work/certs/client-cert.pem" "$work/tls/cert.pem" && cp "$work/certs/client-key.pem" "$work/tls/key.pem"

port=$((20000 + RANDOM % 20000))
# Containers outlive the daemon, so that it can be started again beside what they write.
daemon() {
  start_dockerd --live-restore --host "tcp://127.0.0.1:$port" --tlsverify --tlscacert "$work/certs/ca.pem" \
    --tlscert "$work/certs/server-cert.pem" --tlskey "$work/certs/server-key.pem"
}
daemon || skip_all 'dockerd does not start here'

make_box || skip_all 'containers do not run here'

run() { docker run --detach --network none "$@" >/dev/null; }
has_ended() { is "$(docker inspect --format '{{.State.Running}}' "$1")" false; }
scan() { timeout 180 "$program" docker scan "$@" 2>&1; }
ends_with_2() {
  timeout 180 "$program" "$@" >"$work/refused" 2>&1
  is $? 2
}
says() { "${@:2}" && holds "$(cat "$work/refused")" "$1"; }

say 'reading once'
run --name c1 --label app=web --label tier=front box sh -c 'echo "198.51.100.7 - - [18/May/2026:10:00:01 +0000] \"GET /c1 HTTP/1.1\" 200 12 \"-\" \"curl\""; sleep 1000'
run --name c10 --label app=web box sh -c 'echo "{\"level\":\"error\",\"message\":\"c10 broken pipe for a@b.example\",\"time\":\"2026-05-18T10:00:01Z\"}"; sleep 1000'
run --name ended --label app=web box sh -c 'printf "it has ended, without a line feed"'
run --name silent --log-driver none box sleep 1000
eventually has_ended ended
all=$(scan --all-events --json) || true
formats() { grep -oE '"source":"(c1|c10)","format":"[a-z_]+"' <<<"$1" | sort -u | tr '\n' ' '; }
check 'each running container is read, in a format of its own' is "$(formats "$all")" '"source":"c1","format":"access_combined" "source":"c10","format":"json" '
check 'one whose log cannot be read is said, and no error' holds "$(scan; echo "ended $?")" 'ended 0'
check 'what the daemon says of it is said' holds "$all" 'silent: passed over: configured logging driver does not support reading'
check 'asked for by name it is an error' ends_with_2 docker scan --name silent
check 'events name their container' holds "$(scan --name c10 --json)" '"container.name":"c10"'
check 'as text too' holds "$(scan --name c10)" 'c10: c10 broken pipe'
check 'addresses are redacted' holds "$(scan --name c10 --json)" 'email_'
check 'c1 is not c10' is "$(scan --name c1 --json | grep -o '"events":\[.*' | grep -c c10)" 0
check 'a label and another one' is "$(scan --label app=web --label tier=front --json | grep -oE '"events":[0-9]+' | head -1)" '"events":1'
check 'a label and a name' holds "$(scan --label tier=front --name c10)" 'there is no running container c10'
check 'one that has ended is not running' ends_with_2 docker scan --name ended
check 'it is read with --all, to its end without a line feed' holds "$(scan --name ended --all)" 'it has ended, without a line feed'
check 'a name nobody has is said, with what helps' says "'docker ps' lists" ends_with_2 docker scan --name strange
check 'errors are stored' holds "$(scan --track-errors --store "sqlite:$work/scan.db"; sqlite3 "$work/scan.db" 'SELECT message FROM error_occurrences')" 'c10 broken pipe for email_'
check 'a span before now' is "$(scan --name c1 --since 0s --json | grep -oE '"events":[0-9]+' | head -1)" '"events":0'
run --name pieces box sh -c 'head -c 16384 /dev/zero | tr "\0" p; head -c 16384 /dev/zero | tr "\0" p; head -c 7232 /dev/zero | tr "\0" p; echo END; printf "\377\376 no text\n"; echo aside >&2; sleep 1000'
run --name terminal --tty box sh -c 'head -c 40000 /dev/zero | tr "\0" t; echo END; printf "\377\376 no text\n"; sleep 1000'
written() { [[ "$(scan --name "$1" --all-events --json --no-rules)" == *"$2"* ]]; }
eventually written pieces aside || true
eventually written terminal 'no text' || true
for name in pieces terminal; do
  lines=$(scan --name $name --all-events --json --no-rules) || true
  longest() { grep -oE "${1:0:1}{1000,}END" <<<"$lines" | awk '{ print length }' | sort -n | tail -1; }
  check "$name: a line of 40,000 bytes that came in pieces is one" is "$(longest $name)" 40003
  check "$name: bytes that are no text are shown" holds "$lines" 'no text'
done
check 'records say which stream they are of' holds "$(scan --name pieces --all-events --json)" '"stream":"stderr"'

say 'the daemon'
there() { DOCKER_HOST="$1" ends_with_2 docker "${@:2}"; }
check 'a socket that is not there is said, with what helps' says 'is Docker running' there "unix://$work/none.sock" scan
check 'and by tail' says 'is Docker running' there "unix://$work/none.sock" tail
check 'an address that is none' says 'unix:///' there 'ssh://root@web01' scan
check 'TLS with a certificate of the client' holds "$(DOCKER_HOST=tcp://127.0.0.1:$port DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$work/tls scan --name c1)" '/c1'
without_certificate() { DOCKER_CERT_PATH=$work/bare there "tcp://127.0.0.1:$port" scan; }
check 'TLS without one is refused' without_certificate
nowhere() { DOCKER_CERT_PATH=$work/nowhere there "tcp://127.0.0.1:$port" scan; }
check 'a directory without certificates is said' says "$work/nowhere/ca.pem" nowhere
docker ps -aq | xargs docker rm -f >/dev/null

start_tail() {
  "$program" docker tail --resume --track-errors --no-rules --json --poll-interval 0.05 --store "sqlite:$work/$1.db" "${@:2}" \
    >>"$work/$1.out" 2>>"$work/$1.err" &
  tail=$!
}
kill_tail() {
  kill -9 "$tail" && { wait "$tail" 2>/dev/null || true; }
  tail=''
}
begun() { [ "$(sqlite3 "$work/$1.db" 'SELECT count(*) FROM positions' 2>/dev/null)" = 1 ]; }
stored() { sqlite3 "$work/$1.db" "SELECT count(*), count(DISTINCT message) FROM error_occurrences WHERE message LIKE '$2'"; }
counted() { is "$(stored "$1" "$2")" "$3|$3"; }
bounded() {
  local size
  size=$(sqlite3 "$work/$1.db" 'SELECT max(length(text)) FROM positions')
  echo "a position of $size bytes"
  [ "$size" -le 262144 ]
}
# N lines to each stream, without pauses.
busy='f() { awk -v name=$1 -v n=$2 "BEGIN { for (i = 1; i <= n; i++) printf \"ERROR broken pipe of worker $1 %06d\n\", i }"; }'

say 'following: two busy streams, twenty kills'
start_tail busy
eventually begun busy
run --name busy box sh -c "$busy; f out 100000 & f err 100000 >&2; wait; sleep 1000"
for _ in $(seq 20); do
  sleep 0.$((RANDOM % 9))$((RANDOM % 9))
  kill_tail
  start_tail busy
done
eventually counted busy '%worker out%' 100000 || true
eventually counted busy '%worker err%' 100000 || true
check 'each of 100,000 lines of stdout was counted once' counted busy '%worker out%' 100000
check 'each of 100,000 lines of stderr was counted once' counted busy '%worker err%' 100000
check 'its position is bounded' bounded busy
kill_tail
docker rm -f busy >/dev/null

say 'following: rotation, a restart of the daemon, containers that come and go'
start_tail moving --label watched
eventually begun moving
run --name rotating --label watched --log-opt max-size=100k --log-opt max-file=5 box sh -c "$busy; f begun 1; while [ ! -e /go ]; do usleep 50000; done; i=0; while [ \$i -lt 60 ]; do i=\$((i + 1)); f round\$i 100; usleep 50000; done; sleep 1000"
run --name other box sh -c "$busy; f other 10; sleep 1000"
# What it keeps is a second's worth: it begins when it is followed.
eventually counted moving '%worker begun %' 1 || true
docker exec rotating sh -c ': >/go'
eventually counted moving '%worker round60 %' 100 || true
check 'each of 6,000 lines of a log that rotated twelve times was counted once' counted moving '%worker round%' 6000
run --name going --label watched box sh -c "$busy; i=0; while [ \$i -lt 100 ]; do i=\$((i + 1)); f going\$i 20; f aside\$i 20 >&2; usleep 100000; done; sleep 1000"
eventually counted moving '%worker going20 %' 20
stop_dockerd
eventually grep -q 'the daemon does not answer' "$work/moving.err" || true
daemon
eventually counted moving '%worker going100 %' 20 || true
eventually counted moving '%worker aside100 %' 20 || true
# Of what a container writes while the daemon goes, the daemon itself may lose a line.
has_lines() { docker logs going 2>&1 | grep -c "worker $1"; }
as_the_daemon() {
  local lines
  lines=$(has_lines "$1")
  echo "the daemon has $lines of 2,000 lines"
  [ "$lines" -ge 1990 ] && counted moving "%worker $1%" "$lines"
}
check 'stdout across a restart of the daemon was counted once' as_the_daemon going
check 'that it was gone and came back is said' grep -q 'the daemon answers again' "$work/moving.err"
check 'stderr as well' as_the_daemon aside
run --name later --label watched box sh -c "$busy; f later 50"
eventually counted moving '%worker later %' 50 || true
check 'one that started later and has ended is read whole' counted moving '%worker later %' 50
eventually has_ended later || true
docker start later >/dev/null
again() { is "$(stored moving '%worker later %')" '100|50'; }
eventually again || true
check 'started again it is read on' again
docker rm -f later going >/dev/null
kill_tail
run --name meanwhile --label watched box sh -c "$busy; f meanwhile 50"
eventually has_ended meanwhile
docker exec rotating sh -c "$busy; f lost 20000 >/proc/1/fd/1"
start_tail moving --label watched
eventually counted moving '%worker meanwhile %' 50 || true
check 'one that came and ended while nobody read is read whole' counted moving '%worker meanwhile %' 50
eventually counted moving '%worker lost 020000%' 1 || true
check 'lines that were rotated away are said' holds "$(cat "$work/moving.err")" 'may be gone: the daemon has rotated them away'
check 'the other container was not read' is "$(stored moving '%worker other%')" '0|0'
kill_tail

say 'following: forty containers'
docker rm -f rotating other meanwhile >/dev/null
start_tail crowd --label crowd
eventually begun crowd
for i in $(seq 40); do run --name "m$i" --label crowd box sh -c "$busy; f m$i. 250; f m$i. 250 >&2; sleep 1000"; done
whole() { is "$(stored crowd '%worker m%')" "20000|10000"; }
eventually whole || true
check 'each of 20,000 lines of forty containers was counted once' whole
check 'and their position is bounded' bounded crowd
kill -INT "$tail"
status=0
wait "$tail" || status=$?
tail=''
check 'interrupted, it ends well' is "$status" 0
finish
