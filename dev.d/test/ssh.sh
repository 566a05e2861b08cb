#!/usr/bin/env bash
# 77: ssh scan and tail against an sshd of the stage's own: connections killed, rotation, truncation, odd names, refused keys
source "$(dirname "$0")/../stage.sh"

checks=17
skip_all() {
  echo "skipped ssh: $checks checks skipped: $1"
  tally 0 0 "$checks"
  finish
}

[ "$(id -u)" -eq 0 ] || skip_all 'only root can run an sshd of its own'
install_packages build test ssh
cmake -S "$root" -B "$build_dir" -G Ninja
ninja -C "$build_dir" -j "$jobs" logystera

program="$build_dir/logystera"
work=$(mktemp -d /tmp/logystera-ssh.XXXXXX)
server='' tail='' writer=''
end_all() {
  local status=$?
  trap - EXIT
  for pid in $tail $writer $server; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf --one-file-system "$work"
  exit "$status"
}
trap end_all EXIT
export LOGYSTERA_PII_SALT=salt TZ=UTC XDG_STATE_HOME="$work/state"

ssh-keygen -q -t ed25519 -N '' -f "$work/key"
ssh-keygen -q -t ed25519 -N '' -f "$work/other"
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
cp "$work/key.pub" "$work/authorized"
mkdir -p /run/sshd
port=''
for _ in $(seq 20); do
  port=$((20000 + RANDOM % 20000))
  printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $work/host" "AuthorizedKeysFile $work/authorized" 'StrictModes no' \
    'UsePAM no' "PidFile $work/pid" 'PermitRootLogin yes' >"$work/sshd.conf"
  "$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$work/sshd.conf" -E "$work/sshd.log" &
  server=$!
  for _ in $(seq 50); do [ -s "$work/pid" ] && break 2; kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
done
[ -s "$work/pid" ] || skip_all 'sshd does not start here'
echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$work/host.pub")" >"$work/known"

here=(--port "$port" --ssh-opt "IdentityFile=$work/key" --ssh-opt IdentitiesOnly=yes --ssh-opt "UserKnownHostsFile=$work/known")
shown=(--all --no-rules)
is() { [ "$1" = "$2" ] || { printf 'got %s, wanted %s\n' "$1" "$2"; return 1; }; }
holds() { grep -qF -- "$2" <<<"$1" || { printf 'there is no %s in:\n%.2000s\n' "$2" "$1"; return 1; }; }
eventually() {
  for _ in $(seq 150); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done
  "$@"
}
scan() { timeout 60 "$program" ssh scan root@127.0.0.1 "$@" 2>&1; }
ends_with_2() {
  timeout 60 "$program" "$@" >"$work/refused" 2>&1
  is $? 2
}

say 'reading once'
line='May 18 10:00:01 web1 sshd[1]: Failed password for root from 198.51.100.7 port 22 ssh2'
odd="$work/a 'b \$(touch PWNED) \"c
d;touch PWNED.log"
echo "$line" >"$odd"
check 'a name with quotes, spaces, a newline and $( ) is a name' holds "$(scan --path "$odd" "${here[@]}" "${shown[@]}")" 'Failed password'
pwned() { [ ! -e "$work/PWNED" ] && [ ! -e "$HOME/PWNED" ] && [ ! -e "$work/PROXY" ]; }
check 'nothing of it was run' pwned
check 'addresses are redacted here' holds "$(scan --path "$odd" "${here[@]}" "${shown[@]}")" 'ip_'
gzip -c "$odd" >"$work/log.gz"
check 'a packed log is unpacked here' holds "$(scan --path "$work/log.gz" "${here[@]}" "${shown[@]}")" 'Failed password'
check 'two paths are read' holds "$(scan --path "$work/log.gz" --path "$odd" "${here[@]}" --json "${shown[@]}")" '"sources":2'
cat >"$work/config" <<C
Host jump
 HostName 127.0.0.1
 Port $port
 User root
 IdentityFile $work/key
 UserKnownHostsFile $work/known
Host behind
 HostName 127.0.0.1
 Port $port
 User root
 IdentityFile $work/key
 UserKnownHostsFile $work/known
 ProxyCommand ssh -F $work/config -W %h:%p jump
C
check 'a host behind another one is reached' holds "$(scan --path "$odd" "${here[@]}" --ssh-opt "ProxyCommand=ssh -F $work/config -W %h:%p jump" "${shown[@]}")" 'Failed password'
check 'a file that is not there is an error' ends_with_2 ssh scan root@127.0.0.1 --path "$work/none" "${here[@]}"
check 'a host that is an option is refused' ends_with_2 ssh scan --path /x "${here[@]}" -- "-oProxyCommand=touch $work/PROXY"
check 'and was not run' pwned
check 'a host key nobody knows is an error' ends_with_2 ssh scan root@127.0.0.1 --path "$odd" --port "$port" --ssh-opt "IdentityFile=$work/key" --ssh-opt UserKnownHostsFile=/dev/null
check 'a refused key is an error' ends_with_2 ssh scan root@127.0.0.1 --path "$odd" --port "$port" --ssh-opt "IdentityFile=$work/other" --ssh-opt IdentitiesOnly=yes --ssh-opt IdentityAgent=none --ssh-opt "UserKnownHostsFile=$work/known"

say 'following: 6,000 lines over six kills, a rotation and a copy with truncation'
log="$work/app ' log"
: >"$log"
start_tail() {
  "$program" ssh tail root@127.0.0.1 --path "$log" "${here[@]}" --resume --track-errors --no-rules --json --poll-interval 0.05 \
    --store "sqlite:$work/a.db" >>"$work/out" 2>>"$work/tail.err" &
  tail=$!
}
start_tail
# The script there has the log's path among its arguments, as the program and ssh here have.
begun() { [ -n "$(pgrep -f "logystera-file" || true)" ]; }
eventually begun || true
sleep 1
day=$(date -u +%Y-%m-%d)
write() {
  local block number=0
  for block in $(seq 60); do
    for _ in $(seq 100); do
      number=$((number + 1))
      printf '%s 00:00:%02d ERROR broken pipe of worker sequence %06d\n' "$day" $((block % 60)) "$number"
    done >>"$log"
    case $block in
      20) mv "$log" "$log.1" ;;
      42)
        sleep 1
        mv "$log.1" "$log.2"
        cp "$log" "$log.1"
        : >"$log"
        ;;
    esac
    sleep 0.2
  done
}
write &
writer=$!
for round in $(seq 6); do
  sleep 1.$((RANDOM % 10))
  if ((round % 2 == 0)); then pkill -9 -P "$tail" ssh || true; continue; fi
  kill -9 "$tail"
  wait "$tail" 2>/dev/null || true
  start_tail
done
wait "$writer" || true
writer=''
numbers() { grep -o 'sequence [0-9]\{6\}' "$work/out" | sort -u | wc -l; }
all_there() { [ "$(numbers)" -eq 6000 ]; }
eventually all_there || cat "$work/tail.err"
check 'each of 6,000 lines was shown' is "$(numbers)" 6000
sleep 1

say 'what happens while nobody reads'
stop_tail() {
  kill -9 "$tail"
  wait "$tail" 2>/dev/null || true
  tail=''
}
more() { for number in $(seq "$1" "$2"); do printf '%s 00:01:00 ERROR broken pipe of worker sequence %06d\n' "$day" "$number"; done >>"$log"; }
there() { [ "$(numbers)" -eq "$1" ]; }
stop_tail
more 6001 6100
rm "$log.1"
cp "$log" "$log.1"
: >"$log"
more 6101 6110
start_tail
eventually there 6110 || true
check 'lines before a copy with truncation are read from the copy' is "$(numbers)" 6110
sleep 1
stop_tail
more 6111 6200
mv "$log.1" "$log.2"
mv "$log" "$log.1"
more 6201 6300
mv "$log.1" "$log.3" && mv "$log.2" "$log.4" && mv "$log.3" "$log.2" && mv "$log" "$log.1"
more 6301 6400
start_tail
eventually there 6400 || true
check 'lines of two rotations are read in the rotated parts' is "$(numbers)" 6400
sleep 1
counted() { [ "$(sqlite3 "$work/a.db" "SELECT count(*) FROM error_occurrences WHERE message LIKE '%sequence%'")" -ge 6400 ]; }
eventually counted || true
check 'each was counted once' is "$(sqlite3 "$work/a.db" "SELECT count(*), count(DISTINCT message) FROM error_occurrences WHERE message LIKE '%sequence%'")" '6400|6400'
kill -9 "$tail"
wait "$tail" 2>/dev/null || true
tail=''
nothing_there() { ! begun; }
check 'nothing is left running there after kill -9' eventually nothing_there
check 'no line was said to be lost' is "$(grep -c 'may be lost' "$work/tail.err")" 0
finish
