#!/usr/bin/env bash
# the dispatcher's system calls: a file is on disk before it is sent, the checkpoint before the file is unlinked
source "$(dirname "$0")/../plain.sh"
open_state "$1"
strace -f -o /dev/null true 2>"$state/tmp/strace" || leave_out "strace: $(head -1 "$state/tmp/strace")"
start_gateway
prepare_site site
start_sites site
new_entity site
visit_many 250 | served 250

SITE_DATA="$state/site/data" as_web strace -f -y -qq -o "$state/tmp/calls" \
  -e trace=openat,connect,sendto,write,pwrite64,fsync,fdatasync,unlink,unlinkat,renameat,rename \
  "$php_bin" "${php_options[@]}" "$state/site/site/cron.php" >"$state/log/cron.log"
expect 'cron' sent "$(field status <"$state/log/cron.log")"

# One state a file, told by what happens to it; every rule that is broken is a line.
awk '
  / connect\(.*sin_port/ && !first_connect { first_connect = NR }
  /f(data)?sync\([0-9]+<[^>]*\/buffer-[0-9][^>]*\.jsonl/ && / = 0/ { match($0, /buffer-[0-9][^>]*\.jsonl/); synced[substr($0, RSTART, RLENGTH)] = NR }
  /f(data)?sync\([0-9]+<[^>]*\/dispatch\.state\.[ab]>/ && / = 0/ { state_synced = NR; state_dirty = 0; syncs++ }
  /pwrite64\([0-9]+<[^>]*\/dispatch\.state\.[ab]>|write\([0-9]+<[^>]*\/dispatch\.state\.[ab]>/ { state_dirty = NR; writes++ }
  /unlink(at)?\(.*buffer-[0-9]/ {
    match($0, /buffer-[0-9][^"]*\.jsonl/); name = substr($0, RSTART, RLENGTH); unlinked++
    if (!(name in synced) || synced[name] > first_connect) print name " was sent before it was synced"
    if (!state_synced || state_dirty) print name " was unlinked before its checkpoint was synced"
  }
  END {
    if (!unlinked) print "no file was unlinked"
    if (!writes) print "no checkpoint was written"
    print unlinked + 0 " files unlinked, " writes + 0 " checkpoints written, " syncs + 0 " synced" > "/dev/stderr"
  }' "$state/tmp/calls" | expect_nothing 'rules broken'
expect 'stored' 250 "$(stored_events | wc -l)"
