#!/usr/bin/env bash
# a buffer directory that is missing, unwritable, a symbolic link, writable by all, or holds a FIFO or a hard link: the page
# is the same, the reason is shown, and once it is put right events are recorded again
source "$(dirname "$0")/../plain.sh"
open_state "$1"
start_gateway
prepare_site site
start_sites site
new_entity site
buffer=$(buffer_of site)
parent=$(dirname "$buffer")

status_page() {
  visit /status >/dev/null
  cat "$state/tmp/last-answer"
}

# refused WHAT WORDS: the page is served by workers that were there before and by new ones, which look at the directory with
# fresh eyes; the status page's reason has those words.
refused() {
  visit_many 8 "$site_url/page/10[1-8]" | served 8
  reload_fpm
  expect "page with $1" 200 "$(visit /page/1)"
  status_page >"$state/tmp/status"
  grep -qi -- "$2" "$state/tmp/status" || { echo "$1: the status page says $(cat "$state/tmp/status")" >&2; return 1; }
}

recorded() { expect "events recorded after $1" "$2" "$(grep -c '"path":"/page/2"' "$buffer/buffer-current.jsonl")"; }

visit /page/2 >/dev/null
recorded 'the first request' 1

mv "$parent" "$parent.away"
refused 'a missing parent' 'does not exist'
mv "$parent.away" "$parent"
visit /page/2 >/dev/null
recorded 'the parent came back' 2

chmod 500 "$buffer"
refused 'an unwritable directory' 'cannot be used'
chmod 777 "$buffer"
refused 'a directory writable by all' 'everybody'
chmod 700 "$buffer"

mv "$buffer" "$buffer.real"
ln -s "$buffer.real" "$buffer"
refused 'a symbolic link' 'symbolic link'
rm "$buffer"
mv "$buffer.real" "$buffer"
visit /page/2 >/dev/null
recorded 'the directory is itself again' 3

# Files that are not the buffer's own are not written to, and their drops are counted.
mv "$buffer/buffer-current.jsonl" "$state/tmp/kept"
as_web mkfifo "$buffer/buffer-current.jsonl"
expect 'page with a FIFO in place of the file' 200 "$(visit /page/3 --max-time 5)"
rm "$buffer/buffer-current.jsonl"
as_web sh -c "echo precious >'$parent/precious' && ln '$parent/precious' '$buffer/buffer-current.jsonl'"
expect 'page with a hard link in place of the file' 200 "$(visit /page/3 --max-time 5)"
expect 'the file behind the link' precious "$(cat "$parent/precious")"
rm "$buffer/buffer-current.jsonl"
mv "$state/tmp/kept" "$buffer/buffer-current.jsonl"
visit /page/2 >/dev/null
recorded 'the file is itself again' 4

drain site
# Beside the two files: what was recorded within the second in which a worker had not looked at the directory again.
stored_labels agent.dropped reason | sort -u | sed '/^unsafe_file$/d; /^unavailable$/d' | expect_nothing 'drops for other reasons'
[ "$(stored_labels agent.dropped count | sum)" -ge 2 ] || { echo 'the events on unsafe files are not counted' >&2; exit 1; }
