#!/usr/bin/env bash
# 77: ssh scan and tail against an sshd of the stage's own: connections killed, rotation, truncation, odd names, refused keys
# lane: servers
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/sshd.sh"
source "$root/dev.d/journald.sh"

checks=28
if [ -z "${LOGYSTERA_NAMESPACE:-}" ]; then
  [ "$(id -u)" -eq 0 ] || skip_all 'only root can run an sshd of its own'
  install_packages build test ssh journald
  build_targets logystera
  in_namespace || true
fi

program="$build_dir/logystera"
work=$(mktemp -d /tmp/logystera-ssh.XXXXXX)
jump='' tail='' writer=''
end_with "$work" tail writer sshd jump journald
export LOGYSTERA_PII_SALT=salt TZ=UTC XDG_STATE_HOME="$work/state"

# First: what it mounts hides /run, where sshd wants a directory.
if start_journald "$work"; then has_journald=yes; else has_journald=''; fi
make_keys "$work"
start_sshd "$work" || skip_all 'sshd does not start here'
port=$sshd_port

here=(--port "$port" --ssh-opt "IdentityFile=$work/key" --ssh-opt IdentitiesOnly=yes --ssh-opt "UserKnownHostsFile=$work/known")
shown=(--all --no-rules)
scan() { timeout 180 "$program" ssh scan root@127.0.0.1 "$@" 2>&1; }
ends_with_2() {
  timeout 180 "$program" "$@" >"$work/refused" 2>&1
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
check 'a file that is not there is an error' ends_with_2 ssh scan root@127.0.0.1 --path "$work/none" "${here[@]}"
check 'a host that is an option is refused' ends_with_2 ssh scan --path /x "${here[@]}" -- "-oProxyCommand=touch $work/PROXY"
check 'and was not run' pwned
check 'a host key nobody knows is an error' ends_with_2 ssh scan root@127.0.0.1 --path "$odd" --port "$port" --ssh-opt "IdentityFile=$work/key" --ssh-opt UserKnownHostsFile=/dev/null
check 'and says what helps' holds "$(cat "$work/refused")" 'the host key of that host is not known here'
check 'a refused key is an error' ends_with_2 ssh scan root@127.0.0.1 --path "$odd" --port "$port" --ssh-opt "IdentityFile=$work/other" --ssh-opt IdentitiesOnly=yes --ssh-opt IdentityAgent=none --ssh-opt "UserKnownHostsFile=$work/known"

say 'behind a jump host'
# A machine of its own, with a host key of its own; both let the same key in.
mkdir "$work/jump"
make_keys "$work/jump"
cp "$work/authorized" "$work/jump/authorized"
home=$(getent passwd "$(id -u)" | cut -d: -f6)
accepted() { grep -c 'Accepted publickey' "$1/sshd.log" || true; }
jump_checks() {
  local by_jump by_itself
  mkdir -p "$home/.ssh"
  mount -t tmpfs tmpfs "$home/.ssh"
  # ssh takes of the jump host's own options what stands in its configuration, and nothing of -o.
  printf 'Host *\n IdentityFile %s\n IdentitiesOnly yes\n UserKnownHostsFile %s\n' "$work/key" "$work/jump/both" >"$home/.ssh/config"
  chmod 600 "$home/.ssh/config"
  # ssh takes a host for a loop that is its own jump host by the same name.
  { cat "$work/known" "$work/jump/known" && sed 's/127.0.0.1/localhost/' "$work/known"; } >"$work/jump/both"
  by_jump=$(accepted "$work/jump")
  check 'a host behind another one is reached by ProxyJump' holds \
    "$(scan --path "$odd" --port "$port" --ssh-opt "ProxyJump=root@127.0.0.1:$jump_port" "${shown[@]}")" 'Failed password'
  check 'the other one let it through' is "$(accepted "$work/jump")" $((by_jump + 1))
  by_itself=$(accepted "$work")
  check 'a host that is its own jump host is reached' holds \
    "$(scan --path "$odd" --port "$port" --ssh-opt "ProxyJump=root@localhost:$port" "${shown[@]}")" 'Failed password'
  check 'by two connections' is "$(accepted "$work")" $((by_itself + 2))
  # A master of the user's own would outlive the connection, and another one's may be dead: neither is used.
  printf ' ControlMaster auto\n ControlPath %s\n ControlPersist 60\n' "$work/master-%C" >>"$home/.ssh/config"
  check "a host whose connections the user's configuration shares is read" holds "$(scan --path "$odd" --port "$port" "${shown[@]}")" 'Failed password'
  check 'by a connection of its own' is "$(compgen -G "$work/master-*" || true)" ''
  cp "$work/known" "$work/jump/both"
  check 'a jump host whose key nobody knows is an error' ends_with_2 ssh scan root@127.0.0.1 --path "$odd" --port "$port" --ssh-opt "ProxyJump=root@127.0.0.1:$jump_port"
  check 'that says it is the jump host, and what helps' holds "$(cat "$work/refused")" 'the host key of the jump host is not known here'
}
# start_sshd has one place for what it started.
sshd_here=$sshd
if start_sshd "$work/jump"; then jump=$sshd jump_port=$sshd_port; fi
sshd=$sshd_here
if [ -n "${LOGYSTERA_NAMESPACE:-}" ] && [ -n "$jump" ]; then
  jump_checks
else
  echo 'skipped behind a jump host: 8 checks skipped: there are no mount namespaces here, and a configuration of ssh has one place'
  tally 0 0 8
fi

say 'the journal there'
if [ -n "$has_journald" ]; then
  echo 'broken pipe of the far worker 0007' | systemd-cat -t far -p err
  journal_there() { holds "$(scan --journald --since -1h "${here[@]}" "${shown[@]}")" 'broken pipe of the far worker 0007'; }
  eventually journal_there || true
  check 'the journal of another machine is read' journal_there
  "$program" ssh tail root@127.0.0.1 --journald "${here[@]}" --no-rules --json >"$work/journal.out" 2>"$work/journal.err" &
  tail=$!
  # It begins now: what is written before it has is not for it.
  told() { echo 'the far worker is followed' | systemd-cat -t far -p err; grep -q 'far worker is followed' "$work/journal.out"; }
  eventually told || cat "$work/journal.err"
  check 'and followed' told
  kill -INT "$tail"
  status=0
  wait "$tail" || status=$?
  tail=''
  check 'interrupted, it ends well' is "$status" 0
else
  echo 'skipped the journal there: 3 checks skipped: systemd-journald does not start here'
  tally 0 0 3
fi

say 'following: 6,000 lines over six kills, a rotation and a copy with truncation'
log="$work/app ' log"
: >"$log"
start_tail() {
  "$program" ssh tail root@127.0.0.1 --path "$log" "${here[@]}" --resume --track-errors --no-rules --json --poll-interval 0.05 \
    --store "sqlite:$work/a.db" >>"$work/out" 2>>"$work/tail.err" &
  tail=$!
}
start_tail
# Where it begins is known once the host has said so.
reading() { [ "$(sqlite3 "$work/a.db" "SELECT count(*) FROM positions WHERE CAST(text AS TEXT) LIKE '%' || char(10) || 'at %'" 2>/dev/null)" = 1 ]; }
eventually reading
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
nothing_there() { ! pgrep -f "logystera-file.*${work##*/}"; }
check 'nothing is left running there after kill -9' eventually nothing_there
check 'no line was said to be lost' is "$(grep -c 'may be lost' "$work/tail.err")" 0
finish
