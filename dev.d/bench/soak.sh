#!/usr/bin/env bash
# fleet tail over docker, journald and ssh while all of them are killed at random, for ten minutes: ./dev bench soak [SECONDS]
source "$(dirname "$0")/../lib.sh"
source "$root/dev.d/journald.sh"
source "$root/dev.d/sshd.sh"
source "$root/dev.d/dockerd.sh"

# In the first quarter the program is killed too. In what is left one process lives to the end, and what it takes has to stay what it is.
seconds=${1:-600}
[[ "$seconds" =~ ^[1-9][0-9]*$ ]] && [ "$seconds" -ge 40 ] || die 'usage: ./dev bench soak [SECONDS], at least 40'
stage_dir="$run_dir/bench/soak"
mkdir -p "$stage_dir"
if [ -z "${LOGYSTERA_NAMESPACE:-}" ]; then
  [ "$(id -u)" -eq 0 ] || die 'only root can run a journald, an sshd and a Docker of its own'
  install_packages build docker-logs journald ssh
  build_for_bench logystera
  in_namespace "$@" || die 'this machine does not allow mounts of its own (unshare --mount)'
fi

make_dockerd_home soak
work="$docker_home/work"
mkdir "$work"
# A copy: another build may come while it runs.
program="$work/logystera"
cp "$build_dir/logystera" "$program"
tail='' writers=''
without_containers() {
  local pid
  for pid in $tail $writers $sshd $journald; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
}
export LOGYSTERA_PII_SALT=salt TZ=UTC XDG_STATE_HOME="$work/state"
cd "$work"  # no configuration of somebody's is found

journald_size=2G
start_journald "$work" || die 'systemd-journald does not start here'
make_keys "$work"
start_sshd "$work" || die 'sshd does not start here'
start_dockerd --live-restore || die 'dockerd does not start here'
make_box >/dev/null || die 'containers do not run here'

# SQLite's cache grows with the store to its 32 MiB. With a store that is larger than that it has them at once, and what grows
# after that is something else. Its rows are of no target.
awk -v day="$(date -u +%F)" 'BEGIN { for (i = 0; i < 400000; i++) printf day " 00:00:00 ERROR the store is full of %06d\n", i * 7919 % 400000 }' >"$work/before.log"
"$program" scan "$work/before.log" --track-errors --no-rules --findings-only --store "sqlite:$work/a.db" >/dev/null

log="$work/far.log"
: >"$log"
cat >"$work/targets.yaml" <<Y
targets:
  - {name: containers, type: docker, container: soak, socket: $docker_home/docker.sock}
  - {name: journal, type: journald}
  - {name: far, type: ssh, host: 127.0.0.1, user: root, port: $sshd_port, path: $log, ssh_opt: [IdentityFile=$work/key, IdentitiesOnly=yes, UserKnownHostsFile=$work/known]}
Y
start_tail() {
  "$program" fleet tail --resume --json --track-errors --heartbeat 5 --store "sqlite:$work/a.db" >>"$work/out" 2>>"$stage_dir/tail.err" &
  tail=$!
}
: >"$stage_dir/tail.err"
start_tail
begun() { [ "$(sqlite3 "$work/a.db" "SELECT count(*) FROM positions WHERE target NOT LIKE 'fleet:far%' OR CAST(text AS TEXT) LIKE '%' || char(10) || 'at %'" 2>/dev/null)" = 3 ]; }
eventually begun || die 'fleet tail does not begin'

# About 200 lines a second each. What the container has written, the daemon knows; it may be killed at any line.
docker run --detach --name soak --network none box sh -c '
  r=$(cat /round 2>/dev/null || echo 0); r=$((r + 1)); echo $r >/round; i=0
  while [ ! -e /stop ]; do i=$((i + 1)); echo "ERROR broken pipe of the container $r-$i"; [ $((i % 20)) -ne 0 ] || usleep 100000; done; sleep 100000' >/dev/null
to_journal() {
  local from=0
  while [ ! -e "$work/stop" ]; do
    seq -f 'broken pipe of the service sequence %07.0f' $((from + 1)) $((from + 20)) | systemd-cat -t soak -p err || true
    from=$((from + 20))
    echo "$from" >"$work/journal.count"
    sleep 0.1
  done
}
to_log() {
  local from=0 day
  while [ ! -e "$work/stop" ]; do
    day=$(date -u +%F)
    seq -f "$day 00:00:00 ERROR broken pipe of the worker sequence %07.0f" $((from + 1)) $((from + 20)) >>"$log"
    from=$((from + 20))
    echo "$from" >"$work/log.count"
    sleep 0.1
  done
}
to_journal &
writers=$!
to_log &
writers="$writers $!"

declare -A kills=()
# One of the parts, at random; `program` alone while it may be.
break_something() {
  local what
  local parts=(journalctl ssh session container rotate-journal rotate-log sshd dockerd)
  [ "$1" = late ] || parts+=(program program)
  what=${parts[RANDOM % ${#parts[@]}]}
  case $what in
    journalctl) pkill -9 -P "$tail" journalctl || true ;;
    ssh) pkill -9 -P "$tail" ssh || true ;;
    session) pkill -9 -P "$sshd" || true ;;
    container) docker kill soak >/dev/null 2>&1 && docker start soak >/dev/null 2>&1 || true ;;
    rotate-journal) kill -USR2 "$journald" ;;
    rotate-log)
      # As logrotate does. The one that writes opens it anew for each piece.
      for number in 8 7 6 5 4 3 2 1; do [ ! -e "$log.$number" ] || mv "$log.$number" "$log.$((number + 1))"; done
      mv "$log" "$log.1"
      ;;
    sshd)
      kill -9 "$sshd"
      wait "$sshd" 2>/dev/null || true
      pkill -9 -P "$tail" ssh || true
      sleep 1
      start_sshd "$work"
      ;;
    dockerd)
      stop_dockerd
      start_dockerd --live-restore
      ;;
    program)
      kill -9 "$tail"
      wait "$tail" 2>/dev/null || true
      start_tail
      ;;
  esac
  kills[$what]=$((${kills[$what]:-0} + 1))
}

say "$seconds seconds of kills"
samples="$stage_dir/samples"
: >"$samples"
started=$SECONDS next_kill=2 settled=$((seconds / 4 + 5))
while [ $((SECONDS - started)) -lt "$seconds" ]; do
  now=$((SECONDS - started))
  if [ "$now" -ge "$next_kill" ]; then
    if [ "$now" -lt $((seconds / 4)) ]; then break_something early; else break_something late; fi
    next_kill=$((now + 2 + RANDOM % 5))
  fi
  if [ "$now" -ge "$settled" ]; then
    printf '%s %s %s %s\n' "$now" "$(awk '/^VmRSS/ { print $2 / 1024 }' "/proc/$tail/status")" "$(find "/proc/$tail/fd" -mindepth 1 2>/dev/null | wc -l)" \
      "$(pgrep -P "$tail" | wc -l)" >>"$samples"
  fi
  sleep 1
done
touch "$work/stop"
eventually docker exec soak sh -c ': >/stop'
# shellcheck disable=SC2086
wait $writers
writers=''

say 'whether each line is there, once'
stored() { sqlite3 "$work/a.db" "SELECT count(*), count(DISTINCT message) FROM error_occurrences WHERE message LIKE '%of the $1 %'" | tr '|' ' '; }
docker logs soak 2>/dev/null | grep 'of the container' >"$work/daemon"
expected_container=$(sort -u "$work/daemon" | wc -l)
through() {
  read -r _ c < <(stored container)
  read -r _ s < <(stored service)
  read -r _ w < <(stored worker)
  [ "$c" -ge "$expected_container" ] && [ "$s" -ge "$(cat "$work/journal.count")" ] && [ "$w" -ge "$(cat "$work/log.count")" ]
}
# One that was killed often is tried again within a minute.
for _ in $(seq 4); do ! eventually through || break; done
kill -INT "$tail"
ended=0
wait "$tail" || ended=$?
tail=''
sleep 2
left=$(pgrep -fc "$log" || true)
{
  echo "container $expected_container $(stored container)"
  echo "service $(cat "$work/journal.count") $(stored service)"
  echo "worker $(cat "$work/log.count") $(stored worker)"
  echo "ended $ended 0 0"
  echo "left $left 0 0"
  for what in "${!kills[@]}"; do echo "kills_$what ${kills[$what]} 0 0"; done
} >"$stage_dir/counts"
php -n "$root/bench/sources/soak.php" "$stage_dir/counts" "$samples" "$run_dir/bench/soak.json" "$seconds"
