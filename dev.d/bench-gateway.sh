# Sourced by benchmarks of what sites send: a gateway of their own, its sites, their buffers. They set $work, a directory on a disk.

gateway_pid=''

# run_gateway COMMAND...: until it says where it listens: $url.
run_gateway() {
  local i
  rm -f "$work/gateway.out"  # the one before has said where it listened
  "$@" >"$work/gateway.out" 2>"$work/gateway.err" &
  gateway_pid=$!
  for ((i = 0; i < 200; i++)); do grep -qs '^listening on' "$work/gateway.out" && break; sleep 0.05; done
  url=$(sed -n 's/^listening on //p' "$work/gateway.out")
  [ -n "$url" ] || { cat "$work/gateway.err" >&2; die 'the gateway did not start'; }
}

# add_sites COUNT: that many in $work/store.db, which send to $url; credentials in $work/site-N.credentials.
add_sites() {
  local i added
  for ((i = 0; i < $1; i++)); do
    added=$("$build_dir/logystera" --store "sqlite:$work/store.db" entity add "site $i" --json)
    (umask 077; printf 'LOGYSTERA_GATEWAY_URL=%s\nLOGYSTERA_ENTITY_TOKEN=%s\nLOGYSTERA_ENTITY_SECRET=%s\n' "$url" \
      "$(sed -E 's/.*"token":"([^"]+)".*/\1/' <<<"$added")" "$(sed -E 's/.*"secret":"([^"]+)".*/\1/' <<<"$added")" \
      >"$work/site-$i.credentials")
  done
}

# send_to_url: the sites that there are send to $url from now on.
send_to_url() { sed -i "s|^LOGYSTERA_GATEWAY_URL=.*|LOGYSTERA_GATEWAY_URL=$url|" "$work"/site-*.credentials; }

stop_gateway() {
  awk '/^VmHWM/ { print "gateway_peak_kib", $2 }' "/proc/$gateway_pid/status" >"$work/gateway.peak"
  kill "$gateway_pid"
  wait "$gateway_pid" || die "the gateway failed: $(cat "$work/gateway.err")"
  gateway_pid=''
}

# prepare COUNT EVENTS: buffers 0 … COUNT-1; prints the events in all of them.
prepare() {
  local i sum=0
  rm -rf "$work"/buffer-*
  for ((i = 0; i < $1; i++)); do sum=$((sum + $("$build_dir/bench_dispatch_prepare" "$work/buffer-$i" "$2"))); done
  echo "$sum"
}

# drain COUNT: that many dispatchers at once; prints seconds and peak memory.
drain() {
  "$build_dir/bench_dispatch_measure" "$1" "$build_dir/logystera" agent flush "$work/buffer-{}" \
    --credentials "$work/site-{}.credentials" --batch-size "${batch:-100}"
}
