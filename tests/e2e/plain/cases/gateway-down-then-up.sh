#!/usr/bin/env bash
# the gateway is away for three cron runs: pages are served all the same, nothing is lost, each event is stored once
source "$(dirname "$0")/../plain.sh"
open_state "$1"
start_gateway
prepare_site site
start_sites site
new_entity site

visit_many 20 | served 20
expect 'cron before' sent "$(cron site | field status)"
stop_process gateway
for run in 1 2 3; do
  visit_many 10 "$site_url/away/$run/page/[1-10]" | grep -c '^404 ' >"$state/tmp/answers" || true
  expect 'pages without a gateway' 10 "$(cat "$state/tmp/answers")"
  expect 'cron without a gateway' backoff "$(cron site --now | field status)"
done
expect 'cron during the backoff' backoff "$(cron site | field status)"
start_gateway "$gateway_port"
drain site

{
  printf '/page/%d\n' $(seq 20)
  for run in 1 2 3; do printf "/away/$run/page/%d\n" $(seq 10); done
} | sort >"$state/expected"
stored_labels http.request path >"$state/stored"
same_lines 'paths' "$state/expected" "$state/stored"
