#!/usr/bin/env bash
# 76: journald scan and tail against a systemd-journald of the stage's own: kills, rotation, lost entries, journals made elsewhere
# lane: servers
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/journald.sh"

checks=15
if [ -z "${LOGYSTERA_NAMESPACE:-}" ]; then
  [ "$(id -u)" -eq 0 ] || skip_all 'only root can run a journald of its own'
  install_packages build test journald
  build_targets logystera
  in_namespace || skip_all 'there are no mount namespaces here'
fi

program="$build_dir/logystera"
work=$(mktemp -d /tmp/logystera-journald.XXXXXX)
tail='' writer=''
end_with "$work" tail writer journald
export LOGYSTERA_PII_SALT=salt TZ=UTC XDG_STATE_HOME="$work/state"

start_journald "$work" || skip_all 'systemd-journald does not start here'

flush() { kill -USR1 "$journald"; sleep 0.5; }

say 'journals made elsewhere'
# cursor ID TIME_US FIELD…
entry() {
  local id=$1 time=$2
  shift 2
  printf '__CURSOR=s=0123456789abcdef0123456789abcdef;i=%x;b=11111111111111111111111111111111;m=%x;t=%x;x=%x\n' "$id" "$id" "$time" "$id"
  printf '__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=11111111111111111111111111111111\n' "$time" "$id"
  printf '%s\n' "$@" ''
}
mkdir "$work/made"
{
  for priority in 0 1 2 3 4 5 6 7; do
    entry $((priority + 1)) $((1779098400000000 + priority)) "MESSAGE=priority $priority" "PRIORITY=$priority" _SYSTEMD_UNIT=a.service
  done
  printf '__REALTIME_TIMESTAMP=1779098401000000\n__MONOTONIC_TIMESTAMP=20\n_BOOT_ID=11111111111111111111111111111111\nPRIORITY=4\nMESSAGE\n'
  printf '\x0e\0\0\0\0\0\0\0two\nlines \xff\xfe!!\n\n'
  entry 21 1779098402000000 "MESSAGE=$(printf 'x%.0s' $(seq 9000))END" PRIORITY=6
  entry 22 1779098403000000 'MESSAGE=repeated' 'TAG=one' 'TAG=two' PRIORITY=6
} >"$work/made.export"
/lib/systemd/systemd-journal-remote -o "$work/made/made.journal" "$work/made.export" >"$work/remote.log" 2>&1 || cat "$work/remote.log"
made=$("$program" journald scan --directory "$work/made" --json --all --no-rules 2>"$work/err") || true
severities() {
  node -e '
    const all = JSON.parse(require("fs").readFileSync(0, "utf8")).events;
    console.log(all.filter(e => /^priority/.test(e.message)).map(e => e.severity).join(" "));' <<<"$made"
}
check 'the eight priorities are severities' is "$(severities)" 'CRITICAL CRITICAL CRITICAL ERROR WARNING INFO INFO DEBUG'
check 'a message of two lines with bytes that are no text is one' holds "$made" 'two\nlines'
check 'a field of 9,000 bytes is whole' holds "$made" 'xxxEND'
check 'a field that is repeated is there' holds "$made" 'repeated'
# numbered OPTION VALUE: how many of the events are those that say their priority.
numbered() {
  "$program" journald scan --directory "$work/made" "$@" --json --all --no-rules |
    node -e 'console.log(JSON.parse(require("fs").readFileSync(0, "utf8")).events.filter(e => /^priority/.test(e.message)).length)'
}
check 'one unit alone' is "$(numbered --unit a.service)" 8
check 'a priority alone' is "$(numbered --priority 3)" 4
refused() {
  "$@" >"$work/refused" 2>&1
  is $? 2 && cat "$work/refused"
}
check 'a time that is none is an error of the command' refused "$program" journald scan --since 'not a time'
# systemd 252 loses the first entry behind a cursor that the filter does not let through (--after-cursor).
{
  for number in 1 2 3 4 5; do
    entry $((100 + number * 2)) $((1779098500000000 + number * 2)) "MESSAGE=broken pipe of a $number" PRIORITY=3 _SYSTEMD_UNIT=a.service
    entry $((101 + number * 2)) $((1779098500000001 + number * 2)) "MESSAGE=broken pipe of b $number" PRIORITY=3 _SYSTEMD_UNIT=b.service
  done
} >"$work/two.export"
mkdir "$work/two"
/lib/systemd/systemd-journal-remote -o "$work/two/two.journal" "$work/two.export" >>"$work/remote.log" 2>&1 || cat "$work/remote.log"
two() {
  "$program" journald tail --directory "$work/two" --unit b.service --resume --no-rules --json --track-errors --store "sqlite:$work/two.db" >>"$work/two.out" 2>>"$work/two.err" &
  tail=$!
}
end_two() {
  kill -INT "$tail"
  wait "$tail" || true
  tail=''
}
two
two_begun() { [ "$(sqlite3 "$work/two.db" 'SELECT count(*) FROM positions' 2>/dev/null)" = 1 ]; }
eventually two_begun
end_two
cursor=$(journalctl -q -o export --directory "$work/two" -u a.service -n 5 | sed -n 's/^__CURSOR=//p' | sed -n 2p)
sqlite3 "$work/two.db" "UPDATE positions SET text = CAST('logystera journal 1' || char(10) || 'cursor $cursor 5' || char(10) || 'end' || char(10) AS BLOB)"
two
eventually grep -q 'of b 5' "$work/two.out" || cat "$work/two.err"
end_two
check 'behind an entry of another unit none is lost' is "$(grep -oE 'broken pipe of b [0-9]' "$work/two.out" | sort -u | tr -dc '0-9')" 2345
gone() { holds "$(PATH=/nowhere "$program" journald tail 2>&1)" 'comes with systemd'; }
check 'without journalctl the remedy is said' gone

say 'following: 8,000 entries over nine kills and two rotations'
start_tail() {
  "$program" journald tail --resume --track-errors --no-rules --json --poll-interval 0.05 --store "sqlite:$work/a.db" >>"$work/out" 2>>"$work/tail.err" &
  tail=$!
}
start_tail
begun() { [ "$(sqlite3 "$work/a.db" 'SELECT count(*) FROM positions' 2>/dev/null)" = 1 ]; }
eventually begun
write() {
  local from
  for from in $(seq 0 100 7900); do
    seq -f 'broken pipe of worker: sequence %06.0f' "$from" $((from + 99)) | systemd-cat -t res -p err
    case $from in 2000 | 5000) kill -USR2 "$journald" ;; esac
    sleep 0.1
  done
}
write &
writer=$!
for _ in $(seq 9); do
  sleep 0.$((RANDOM % 9))$((RANDOM % 9))
  # Half of the times it is what it reads from.
  if ((RANDOM % 3 == 0)); then pkill -9 -P "$tail" journalctl || true; continue; fi
  kill -9 "$tail"
  wait "$tail" 2>/dev/null || true
  start_tail
done
wait "$writer" || true
writer=''
numbers() { grep -o 'sequence [0-9]\{6\}' "$work/out" | sort -u | wc -l; }
all_there() { [ "$(numbers)" -eq 8000 ]; }
eventually all_there || true
check 'each of 8,000 entries was shown' is "$(numbers)" 8000
sleep 1
stored() { sqlite3 "$work/a.db" "SELECT count(*), count(DISTINCT message) FROM error_occurrences WHERE message LIKE '%sequence%'"; }
all_stored() { [ "$(stored | cut -d'|' -f2)" -ge 8000 ]; }
eventually all_stored || true
check 'each was counted once' is "$(stored)" '8000|8000'

say 'what is lost is said'
kill -INT "$tail"
wait "$tail" || true
tail=''
# The journal begins anew: what the position speaks of is gone.
restart_journald
sleep 1
: >"$work/tail.err"
start_tail
echo 'after it all' | systemd-cat -t res -p err
eventually grep -q 'after it all' "$work/out" || true
check 'entries after a journal that began anew are read' grep -q 'after it all' "$work/out"
check 'that some are gone is said' grep -q 'not in the journal any more' "$work/tail.err"
child=$(pgrep -P "$tail" journalctl | head -1)
kill -9 "$tail"
wait "$tail" 2>/dev/null || true
tail=''
ended() { ! kill -0 "$child" 2>/dev/null; }
check 'journalctl ends with who reads it, killed or not' eventually ended
sqlite3 "$work/a.db" "UPDATE positions SET text = CAST('logystera journal 1' || char(10) || 'cursor s=nonsense 5' || char(10) || 'end' || char(10) AS BLOB)"
check 'a cursor that is none ends it with exit code 2' refused timeout 20 "$program" journald tail --resume --track-errors --store "sqlite:$work/a.db"
finish
