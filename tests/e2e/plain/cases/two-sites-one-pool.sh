#!/usr/bin/env bash
# two sites in one FPM pool, visited at once: each event is in its own site's buffer and with its own entity
source "$(dirname "$0")/../plain.sh"
open_state "$1"
start_gateway
prepare_site one
prepare_site two
start_sites one two
new_entity one
one=$entity_token
new_entity two
two=$entity_token

visit_many 100 '' 4 -H 'Host: one.test' >"$state/one.answers" &
visit_many 70 '' 4 -H 'Host: two.test' >"$state/two.answers"
wait $!
served 100 <"$state/one.answers"
served 70 <"$state/two.answers"
expect 'events in the buffer of one' 100 "$(buffered one | wc -l)"
expect 'events in the buffer of two' 70 "$(buffered two | wc -l)"

# One site's trouble is its own: its buffer is full of nothing, its credentials are wrong; the other one delivers.
sed -i 's/"secret":"[^"]*"/"secret":"not-the-secret-of-this-entity-at-all-00000"/' "$state/two.credentials.json"
drain one
expect 'cron of the site with wrong credentials' backoff "$(cron two | field status)"
expect 'stored for one' 100 "$(stored_events --entity "$one" | wc -l)"
expect 'stored for two' 0 "$(stored_events --entity "$two" | wc -l)"
