#!/usr/bin/env bash
# a worker's system calls while it serves and records: no socket of its own, nothing synced to disk, one write a commit
source "$(dirname "$0")/../plain.sh"
open_state "$1"
strace -f -o /dev/null true 2>"$state/tmp/strace" || leave_out "strace: $(head -1 "$state/tmp/strace")"
prepare_site site
fpm_wrapper=(strace -f -qq -s 60 -o "$state/strace.out" -e 'trace=%network,%file,fsync,fdatasync,sync,syncfs,msync,sync_file_range,write,flock')
pool_lines=$'pm.max_children = 1\nenv[http_proxy] = http://127.0.0.1:9'
start_sites site

for page in 1 2 3 4 5; do expect 'page' 200 "$(visit "/page/$page")"; done
expect 'failed login' 403 "$(visit /login -d 'name=x&pass=y')"
kill -TERM "$(cat "$state/fpm.pid")"
wait_until 'FPM to end' 60 stopped fpm

# The worker's lines from the first request on: the master's and the start-up are PHP's own business.
worker=$(awk '/accept4?\(/ { print $1; exit }' "$state/strace.out")
awk -v worker="$worker" '$1 == worker && /accept4?\(/ { serving = 1 } serving && $1 == worker' "$state/strace.out" >"$state/request.calls"
expect 'requests seen' 6 "$(grep -c 'accept4\?(.*= [0-9]' "$state/request.calls")"
no_lines 'network calls' ' (socket|connect|bind|listen|sendto|sendmsg|sendmmsg)\(' "$state/request.calls"
no_lines 'syncs' ' (fsync|fdatasync|sync|syncfs|msync|sync_file_range)\(' "$state/request.calls"
expect 'writes of events, one a request' 6 "$(grep -c 'write([0-9]*, "{\\"event_type' "$state/request.calls")"
