#!/usr/bin/env bash
# FPM workers killed with -9 under load: every answered request's event arrives, once
source "$(dirname "$0")/../plain.sh"
open_state "$1"
start_gateway
prepare_site site
start_sites site
new_entity site

killed=0 rounds=0
# As many rounds as it takes: on a fast machine the visitor is done before many workers have died.
while [ "$killed" -lt 20 ] && [ "$rounds" -lt 5 ]; do
  visit_many 4000 "$site_url/page/[$((rounds * 4000 + 1))-$((rounds * 4000 + 4000))]" 6 >>"$state/answers" &
  visitor=$!
  rounds=$((rounds + 1))
  while kill -0 "$visitor" 2>/dev/null; do
    worker=$(fpm_workers | shuf -n 1)
    if [ -n "$worker" ] && kill -KILL "$worker" 2>/dev/null; then killed=$((killed + 1)); fi
    sleep 0.02
  done
  wait "$visitor"
done
[ "$killed" -ge 20 ] || { echo "only $killed workers were killed" >&2; exit 1; }
drain site

answered_paths "$state/answers" >"$state/answered"
stored_labels http.request path >"$state/stored"
echo "$killed workers killed, $(wc -l <"$state/answered") of $((rounds * 4000)) requests answered, $(wc -l <"$state/stored") events stored"
nothing_lost "$state/answered" "$state/stored"
