#!/usr/bin/env bash
# the gateway's disk is full: pages say so from memory, batches wait at the site, and afterwards the alerts tell of it and nothing is lost
source "$(dirname "$0")/../plain.sh"
[ "$(id -u)" -eq 0 ] || leave_out 'mounting a small tmpfs needs root'
open_state "$1"
mkdir -p "$state/disk"
mount_small_disk "$state/disk" 8m || leave_out "$mount_error"
chmod 755 "$state/disk"
# The gateway's own, on that disk.
gateway_on_small_disk() {
  gateway_store="sqlite:$state/disk/gateway.db"
  : >"$state/log/gateway.log"
  start_process gateway "$logystera_bin" --store "$gateway_store" serve --host 127.0.0.1 --port 0
  await gateway 'the gateway to say where it listens' gateway_address
  gateway_url=$(gateway_address)
  await gateway 'the gateway to answer' port_answers "${gateway_url##*:}"
}
has_alert() { logystera --json alerts list --rule "$1" | grep -q "\"rule_id\":\"$1\""; }
page_says() { curl -sS --max-time 10 "$gateway_url/sites" | grep -q "$1"; }

gateway_on_small_disk
prepare_site site
start_sites site
new_entity site
visit_many 20 | served 20
expect 'cron before' sent "$(cron site | field status)"
wait_until 'an alert about the small disk' 60 has_alert GATEWAY_DISK_LOW

dd if=/dev/zero of="$state/disk/ballast" bs=4k status=none 2>/dev/null || true
visit_many 300 "$site_url/page/[21-320]" | served 300
expect 'cron while it is full' backoff "$(cron site --now | field status)"
wait_until 'pages to say that the disk is full' 60 page_says 'The disk is nearly full: 0 bytes of 8 MiB are free\|The disk is nearly full: [0-9]* bytes of'

rm "$state/disk/ballast"
drain site
wait_until 'an alert about what could not be stored' 60 has_alert GATEWAY_STORE_FAILS
expect 'events stored' 320 "$(stored_labels http.request path | wc -l)"
stored_labels http.request path | uniq -d | expect_nothing 'stored twice'
