#!/usr/bin/env bash
# eight cron jobs at once: one of them sends, each event is stored once, the others say so and go
source "$(dirname "$0")/../plain.sh"
open_state "$1"
start_gateway
prepare_site site
start_sites site
new_entity site

visit_many 1500 | served 1500
jobs_at_once=()
for number in $(seq 8); do
  cron site >"$state/tmp/cron.$number" &
  jobs_at_once+=($!)
done
wait "${jobs_at_once[@]}"
statuses=$(for number in $(seq 8); do field status <"$state/tmp/cron.$number"; echo; done | sort | uniq -c)
echo "$statuses"
sent=$(for number in $(seq 8); do field sent <"$state/tmp/cron.$number"; echo; done | sum)
expect 'sent by all of them together' "$(stored_labels http.request path | wc -l)" "$sent"
grep -q busy <<<"$statuses" || { echo 'none of the eight met another one at work' >&2; exit 1; }
# What a page wrote beside the buffer while its lock was held may be the next run's.
drain site
stored_labels http.request path >"$state/stored"
printf '/page/%d\n' $(seq 1500) | sort >"$state/expected"
same_lines 'paths' "$state/expected" "$state/stored"
