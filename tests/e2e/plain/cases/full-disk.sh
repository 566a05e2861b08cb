#!/usr/bin/env bash
# the buffer's file system is full: pages are served, every event is stored or counted as dropped, and recording resumes
source "$(dirname "$0")/../plain.sh"
[ "$(id -u)" -eq 0 ] || leave_out 'mounting a small tmpfs needs root'
open_state "$1"
start_gateway
prepare_site site
mount_small_disk "$state/site/private" 256k || leave_out "$mount_error"
start_sites site
new_entity site

visit_many 50 "$site_url/page/[1-50]" | served 50
as_web dd if=/dev/zero of="$state/site/private/ballast" bs=4k status=none 2>/dev/null || true
visit_many 400 "$site_url/page/[51-450]" | served 400
as_web rm "$state/site/private/ballast"
visits=450

# A worker that met a full disk leaves it alone for up to a minute, and tells what it dropped with its next commit.
all_accounted_for() {
  visit_many 40 "$site_url/page/[$((visits + 1))-$((visits + 40))]" | served 40
  visits=$((visits + 40))
  drain site
  stored=$(stored_labels http.request path | wc -l)
  dropped=$(stored_labels agent.dropped count | sum)
  [ $((stored + dropped)) -eq "$visits" ]
}
wait_until 'stored and dropped events to add up' 300 all_accounted_for ||
  { echo "$visits requests, $stored events stored, $dropped dropped" >&2; exit 1; }
echo "$visits requests, $stored events stored, $dropped dropped: $(stored_labels agent.dropped reason | sort -u | paste -sd' ')"
[ "$dropped" -gt 0 ] || { echo 'the disk was never full' >&2; exit 1; }
stored_labels http.request path | uniq -d | expect_nothing 'stored twice'
