#!/usr/bin/env bash
# an uncaught error, exhausted memory, the time limit, exit(): the visitor sees what PHP gives without the extension, and the events recorded until then are kept
source "$(dirname "$0")/../plain.sh"
open_state "$1"
start_gateway
prepare_site site
pool_lines='php_admin_value[memory_limit] = 16M'
start_sites site
new_entity site

for _ in 1 2 3; do
  expect 'uncaught error' 500 "$(visit /broken)"
  expect 'memory exhausted' 500 "$(visit /greedy)"
done
expect 'exit' 200 "$(visit /exit)"
expect 'time limit' 500 "$(visit /endless)"
expect 'the pool still serves' 200 "$(visit /)"
drain site
printf '/broken\n/broken\n/broken\n/greedy\n/greedy\n/greedy\n/exit\n/endless\n/\n' | sort >"$state/expected"
stored_labels http.request path >"$state/stored"
same_lines 'paths' "$state/expected" "$state/stored"
no_lines 'workers that crashed' 'exited on signal' "$state/log/fpm-error.log"
