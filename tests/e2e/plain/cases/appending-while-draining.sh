#!/usr/bin/env bash
# 32 processes append while dispatchers drain, many of them killed with -9: what was committed is stored, each event once
source "$(dirname "$0")/../plain.sh"
open_state "$1"
start_gateway
prepare_site site
new_entity site
export SITE_DATA="$state/site/data"
as_web mkdir "$state/tmp/acked"
mkdir "$state/tmp/pids"
web_command=(env)
[ "$(id -u)" -ne 0 ] || web_command=(setpriv --reuid "$web_user" --regid "$web_group" --init-groups --)

# Each worker runs four jobs one after the other.
worker() {
  local round
  for round in 1 2 3 4; do
    "${web_command[@]}" "$php_bin" "${php_options[@]}" "$state/site/site/job.php" "w$1r$round" >>"$state/tmp/acked/$1" 2>>"$state/log/job.log" &
    echo $! >"$state/tmp/pids/$1"
    wait $! || echo "$?" >>"$state/tmp/acked/$1.killed"
  done
} 2>>"$state/log/worker.log"

# Drains all the time; every third dispatcher is killed a moment after it began.
drainer() {
  local number=0
  while true; do
    number=$((number + 1))
    "${web_command[@]}" "$php_bin" "${php_options[@]}" "$state/site/site/cron.php" --now >>"$state/log/cron.log" 2>&1 &
    if [ $((number % 3)) -eq 0 ]; then
      sleep "0.$(shuf -i 1-4 -n 1)"
      kill -KILL $! || true
    fi
    wait $! || true
  done
} 2>/dev/null

workers=()
for number in $(seq 32); do
  worker "$number" &
  workers+=($!)
done
"$php_bin" "$plain_dir/kill-jobs.php" "$state/tmp/pids" "$state/tmp/acked" 2>"$state/log/killer.log" &
helpers=($!)
drainer &
helpers+=($!)
for pid in "${workers[@]}"; do wait "$pid"; done 2>/dev/null
kill "${helpers[@]}"
wait "${helpers[@]}" 2>/dev/null || true
sleep 2  # a dead writer's unpublished part is taken over when it is two seconds old
drain site

find "$state/tmp/acked" -name '*[0-9]' -exec cat {} + | grep -E '^w[0-9]+r[0-9]+-[0-9]+$' | sort >"$state/committed"
for pair in auth.login_failed:username config.save:config_name config.delete:config_name module.install:module module.uninstall:module; do
  stored_labels "${pair%:*}" "${pair#*:}"
done | sort >"$state/stored"
killed=$(find "$state/tmp/acked" -name '*.killed' -exec cat {} + | wc -l)
echo "$killed of 128 jobs killed, $(wc -l <"$state/committed") events committed, $(wc -l <"$state/stored") stored"
[ "$killed" -ge 10 ] && [ "$(wc -l <"$state/committed")" -ge 2000 ] || { echo 'too little happened to show anything' >&2; exit 1; }
nothing_lost "$state/committed" "$state/stored"
