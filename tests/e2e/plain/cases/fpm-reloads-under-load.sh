#!/usr/bin/env bash
# twenty FPM reloads under load: whatever was answered is recorded once, and no worker crashes
source "$(dirname "$0")/../plain.sh"
open_state "$1"
start_gateway
prepare_site site
start_sites site
new_entity site

visit_many 12000 '' 4 >"$state/answers" &
visitor=$!
for _ in $(seq 20); do reload_fpm; done
expect 'still visiting during the last reload' yes "$(kill -0 "$visitor" 2>/dev/null && echo yes || echo no)"
wait "$visitor"
drain site

answered_paths "$state/answers" >"$state/answered"
stored_labels http.request path >"$state/stored"
[ "$(wc -l <"$state/answered")" -gt 1000 ] || { echo "only $(wc -l <"$state/answered") requests were answered" >&2; exit 1; }
nothing_lost "$state/answered" "$state/stored"
no_lines 'workers that crashed' 'exited on signal|SIGSEGV|SIGABRT' "$state/log/fpm-error.log"
