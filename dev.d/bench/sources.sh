#!/usr/bin/env bash
# Lines a second of each source beside its transport alone, and what a fleet of 64 targets takes: ./dev bench sources [LINES [ROUNDS]]
source "$(dirname "$0")/../lib.sh"
source "$root/dev.d/journald.sh"
source "$root/dev.d/sshd.sh"
source "$root/dev.d/dockerd.sh"

lines=${1:-400000} rounds=${2:-3}
whole_numbers './dev bench sources [LINES [ROUNDS]]' "$lines" "$rounds"
stage_dir="$run_dir/bench/sources"
mkdir -p "$stage_dir"
if [ -z "${LOGYSTERA_NAMESPACE:-}" ]; then
  [ "$(id -u)" -eq 0 ] || die 'only root can run a journald, an sshd and a Docker of its own'
  install_packages build bench docker-logs journald ssh remote-sources site
  build_for_bench logystera plugin_bench
  in_namespace "$@" || die 'this machine does not allow mounts of its own (unshare --mount)'
fi

make_dockerd_home bench-sources
work="$docker_home/work"
mkdir "$work"
# A copy: another build may come while it runs.
program="$work/logystera"
cp "$build_dir/logystera" "$program"
model='' tail=''
without_containers() {
  local pid
  for pid in $tail $model $sshd $journald; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
}
export LOGYSTERA_PII_SALT=salt TZ=UTC XDG_STATE_HOME="$work/state" PYTHONDONTWRITEBYTECODE=1
cd "$work"  # no configuration of somebody's is found
samples="$stage_dir/samples"
: >"$samples"

# taken WHAT LINES COMMAND...: how many of them a second it takes. What it prints goes to /dev/null, as it would with the transport alone.
taken() {
  local what=$1 count=$2 begun
  shift 2
  begun=$(date +%s.%N)
  "$@" >/dev/null 2>"$work/stderr" || { tail -5 "$work/stderr" >&2; die "$what failed"; }
  date +%s.%N | awk -v what="$what" -v count="$count" -v begun="$begun" '{ printf "%s %.0f\n", what, count / ($1 - begun) }' >>"$samples"
}

# in_turns SOURCE LINES: `alone` and `ours`, functions, in turns that begin with the other one each time. `reader` is who has to get it
# all, through a pipe or an answer after the other, and does nothing with it.
in_turns() {
  local source=$1 count=$2 round way
  ours --findings-only >"$work/once" 2>&1 || { cat "$work/once" >&2; die "$source cannot be read"; }
  alone >/dev/null 2>&1  # whoever comes first fills caches
  for ((round = 0; round < rounds; round++)); do
    for way in alone ours bare reader reader bare ours alone; do
      case $way in
        alone) taken "${source}_alone" "$count" alone ;;
        ours) taken "${source}_whole" "$count" ours --findings-only ;;
        reader) taken "${source}_reader" "$count" reader ;;
        bare) taken "${source}_bare" "$count" ours --findings-only --no-rules ;;
      esac
    done
  done
}

log="$work/access.log"
# access_log LINES: of many addresses and paths, a few of them errors.
access_log() {
  awk -v lines="$1" 'BEGIN { srand(7); for (i = 0; i < lines; i++)
    printf "198.51.%d.%d - - [18/May/2026:%02d:%02d:%02d +0000] \"GET /shop/%d/item-%d HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"\n",
      rand() * 256, rand() * 256, i / 36000 % 24, i / 600 % 60, i / 10 % 60, rand() * 900, i, rand() < 0.02 ? 404 : 200, rand() * 90000 }'
}
access_log "$lines" >"$log"

say "a journald, an sshd and a Docker with $lines lines each"
journald_size=4G
start_journald "$work" || die 'systemd-journald does not start here'
make_keys "$work"
start_sshd "$work" || die 'sshd does not start here'
start_dockerd || die 'dockerd does not start here'
make_box >/dev/null || die 'containers do not run here'
docker run --name bench --network none -v "$work:/logs:ro" box cat /logs/access.log >/dev/null
systemd-cat -t bench <"$log"
written() { [ "$(journalctl -q -o cat -t bench | wc -l)" -eq "$lines" ]; }
eventually written || die 'the journal does not hold each line'

say "docker, $rounds rounds"
alone() { docker logs bench; }
reader() { alone | cat; }
ours() { "$program" docker scan --name bench --all "$@"; }
in_turns docker "$lines"

say "journald, $rounds rounds"
alone() { journalctl -q -a -o export; }
ours() { "$program" journald scan "$@"; }
in_turns journald "$lines"

say "ssh, $rounds rounds"
options=(-o "IdentityFile=$work/key" -o IdentitiesOnly=yes -o "UserKnownHostsFile=$work/known")
alone() { ssh -T -p "$sshd_port" "${options[@]}" root@127.0.0.1 "cat '$log'"; }
ours() { "$program" ssh scan root@127.0.0.1 --port "$sshd_port" --path "$log" --ssh-opt "IdentityFile=$work/key" --ssh-opt IdentitiesOnly=yes --ssh-opt "UserKnownHostsFile=$work/known" "$@"; }
in_turns ssh "$lines"

# What the program asked is asked again, by one curl on one connection: the same answers, and nothing done with them.
again() {
  cp "$work/requests" "$work/asked"  # the model writes down more of them
  python3 "$root/bench/sources/asked.py" "$work/asked" "http://127.0.0.1:$port" >"$work/curl.conf"
}
start_model() {
  local product=$1
  shift
  : >"$work/requests"
  rm -f "$work/port"
  python3 "$root/tests/e2e/models/$product.py" --port-file "$work/port" --log "$work/requests" --count "$entries" --begin -3000 --seconds 2900 "$@" &
  model=$!
  eventually test -s "$work/port"
  port=$(cat "$work/port")
}
stop_model() {
  kill "$model"
  wait "$model" 2>/dev/null || true
  model=''
}
entries=$((lines / 4))
for product in loki graylog opensearch; do
  say "$product (a model of it), $rounds rounds"
  keep=()
  [ "$product" != opensearch ] || keep=(--keep-points)
  start_model "$product" "${keep[@]}"
  case $product in
    loki) where=(--url "http://127.0.0.1:$port" --query '{job="app"}') ;;
    graylog) where=(--url "http://127.0.0.1:$port") ;;
    opensearch) where=(--host 127.0.0.1 --port "$port" --index logs) ;;
  esac
  ours() { "$program" "$product" scan "${where[@]}" --since 2h "$@"; }
  ours --findings-only >"$work/once" 2>&1 || { cat "$work/once" >&2; die "$product cannot be read"; }
  again
  alone() { curl --silent --show-error --fail --config "$work/curl.conf"; }
  reader() { python3 "$root/bench/sources/polled.py" "$work/asked" "http://127.0.0.1:$port"; }
  in_turns "$product" "$entries"
  stop_model
done

say 'a fleet of 64 targets'
each=$((lines / 10))
for number in $(seq 8); do docker run --name "fleet$number" --network none -v "$work:/logs:ro" box head -n "$each" /logs/access.log >/dev/null; done
head -n "$each" "$log" >"$work/fleet.log"
# Of the journal, which has them all, a scan of the fleet would be little else.
restart_journald
systemd-cat -t bench <"$work/fleet.log"
for number in $(seq 20); do cp "$work/fleet.log" "$work/fleet-$number.log"; done
entries=$each
start_model loki
{
  echo 'targets:'
  for number in $(seq 20); do printf '  - {name: file%d, type: file, path: %s}\n' "$number" "$work/fleet-$number.log"; done
  for number in $(seq 20); do
    printf '  - {name: ssh%d, type: ssh, host: 127.0.0.1, user: root, port: %d, path: %s, ssh_opt: [IdentityFile=%s, IdentitiesOnly=yes, UserKnownHostsFile=%s]}\n' \
      "$number" "$sshd_port" "$work/fleet-$number.log" "$work/key" "$work/known"
  done
  for number in $(seq 8); do printf '  - {name: docker%d, type: docker, container: fleet%d, all: true, socket: %s}\n' "$number" "$number" "$docker_home/docker.sock"; done
  for number in $(seq 8); do printf '  - {name: journald%d, type: journald}\n' "$number"; done
  for number in $(seq 8); do printf "  - {name: loki%d, type: loki, url: 'http://127.0.0.1:%d', query: '{job=\"app\"}', since: 2h}\n" "$number" "$port"; done
} >"$work/targets.yaml"
# peak NAME PROCESS: the most memory that process ever took, looked at until it is gone.
peak() {
  local most=''
  while kill -0 "$2" 2>/dev/null; do
    most=$(awk '/^VmHWM/ { print $2 / 1024 }' "/proc/$2/status" 2>/dev/null) && [ -n "$most" ] && echo "$most" >"$work/peak"
    sleep 0.05
  done
  echo "$1 $(cat "$work/peak")" >>"$samples"
}
begun=$(date +%s.%N)
"$program" fleet scan --strict --findings-only --json >"$work/scan.json" 2>"$work/stderr" &
tail=$!
peak fleet_scan_peak_mib "$tail"
wait "$tail" || { tail -5 "$work/stderr" >&2; die 'a target of the fleet could not be read'; }
tail=''
python3 -c 'import json, sys
targets = json.load(open(sys.argv[1]))["targets"]
assert len(targets) == 64 and all(t["state"] == "read" for t in targets), targets
print("fleet_scan_lines_per_s", round(sum(t["events"] for t in targets) / (float(sys.argv[3]) - float(sys.argv[2]))))
print("fleet_events", sum(t["events"] for t in targets))' "$work/scan.json" "$begun" "$(date +%s.%N)" >>"$samples"
stop_model
sum=$(awk '$1 == "fleet_events" { print $2 }' "$samples")

start_model loki
sed -i -E "s#http://127.0.0.1:[0-9]+#http://127.0.0.1:$port#" "$work/targets.yaml"
"$program" fleet tail --from-start --json --findings-only --heartbeat 1 >"$work/out" 2>"$work/stderr" &
tail=$!
# Through with all there is: no more comes for ten seconds. What the scan has read is there, but for what followers of stores leave out.
seen=0 still=0
while [ "$still" -lt 10 ]; do
  sleep 1
  kill -0 "$tail" || die 'fleet tail has ended'
  awk '/^VmHWM/ { print "hwm", $2 / 1024 }' "/proc/$tail/status" >"$work/hwm"
  now=$(grep '"heartbeat"' "$work/out" | tail -1 | grep -oE '"events":[0-9]+' | cut -d: -f2 || true)
  if [ "${now:-0}" -gt "$seen" ]; then seen=$now still=0; elif [ "$seen" -gt 0 ]; then still=$((still + 1)); fi
done
[ "$seen" -ge $((each * 48)) ] || die "of $sum lines of the fleet $seen came"
echo "fleet_tail_events $seen" >>"$samples"
{
  awk '{ print "fleet_tail_peak_mib", $2 }' "$work/hwm"
  find "/proc/$tail/fd" -mindepth 1 | wc -l | sed 's/^/fleet_tail_descriptors /'
  pgrep -P "$tail" | wc -l | sed 's/^/fleet_tail_children /'
} >>"$samples"
kill -INT "$tail"
wait "$tail" || die 'fleet tail did not end well'
tail=''
stop_model

say "functions of plugins"
"$build_dir/plugin_bench" 5 >"$stage_dir/plugins.json"
php -n "$root/bench/sources/report.php" "$samples" "$stage_dir/plugins.json" "$run_dir/bench/sources.json" "$lines"
