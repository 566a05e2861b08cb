#!/usr/bin/env bash
# 47: the commands of docs/recipes.md, docs/troubleshooting.md and docs/faq.md, as they stand there, over a small week of logs that ends today
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build recipes
build_targets logystera >/dev/null
source "$root/dev.d/documented.sh"

mib=4
intruder=198.51.100.77
# The night that `last night` means ends at six.
today=$(date -u -d "$(date -u +%F) 06:00" +%s)
export TZ=UTC LC_ALL=C.UTF-8
mkdir -p "$stage_dir/home"
php -n "$root/bench/week/generate.php" --out="$stage_dir/log" --truth="$stage_dir/truth.json" --mib="$mib" --end="$today"
mv "$stage_dir/log/docker" "$stage_dir/docker"
map=()
[ "$(id -u)" -eq 0 ] || map=(--map-root-user)

# own COMMANDS: runs them with the week in /var/log and Docker's directory, a home and a network of their own.
own() {
  unshare "${map[@]}" --mount --net --propagation private bash -euc '
    mount -t tmpfs tmpfs /var/lib
    mkdir -p /var/lib/docker
    mount --bind "$1/log" /var/log
    mount --bind "$1/docker" /var/lib/docker
    ip link set lo up
    export HOME=$1/home PATH="$2:$PATH"
    unset XDG_STATE_HOME XDG_CACHE_HOME XDG_CONFIG_HOME
    cd "$HOME"
    exec bash -euo pipefail -c "$3"
  ' own "$stage_dir" "$build_dir" "$1"
}

# recipe NAME TEXT...: the commands of that name end well, between those of $before and $after, and together say each of the texts.
before='' after='' said=''
recipe() {
  local name=$1 text
  check "$name: its commands end well" answered "$name"
  shift
  for text in "$@"; do check "$name: says $text" holds "$said" "$text"; done
}
answered() {
  said=$(own "$before$(documented "$1")$after" 2>&1) || { printf '%s\n' "$said"; return 1; }
}

if ! own true; then
  checks=1
  skip_all 'this machine does not allow mounts and networks of its own (unshare)'
fi
check 'every command of these documents is run here' is "$(unrun_commands recipes troubleshooting faq)" ''
who=$(own "echo '2026-05-18 10:00:00 from $intruder' | logystera query 'SELECT message FROM log' --csv -" | grep -o 'ip_[0-9a-f]*')

recipe 'last-night' 'CRITICAL SSH_BRUTE_FORCE_SUCCESS' "$who as deploy" WEB_DOTFILE_SERVED 'pseudonyms; --show-pii shows them'
check 'last-night: within the first ten lines' holds "$(head -10 <<<"$said")" "$who as deploy"
recipe 'after-two' "$who as deploy" 'logged in'
recipe 'tried' "$who" 'count(DISTINCT user)' 300
recipe 'got-in' "$who" anna
recipe 'root' anna deploy /bin/bash
recipe 'probed' SCANNER "$who"
recipe 'served' "$who" 'GET /.env' shell.php dump.sql.gz
check 'served: nothing that was refused' lacks "$said" 'answered 404'
recipe 'trail' 'Accepted password for deploy' 'GET /.env' auth.log nginx/access.log
recipe 'gateway-errors' '19'
recipe 'bytes' "$who" dump.sql.gz 198765
recipe 'slow' /api/report /api/stock
recipe 'new-errors' 'price(): Argument' 'cannot decrypt session <hex>'
check 'new-errors: not those that were there before' lacks "$said" 'Undefined array key'
recipe 'tracked-errors' 'PHP Fatal error'
recipe 'operations' 'Out of Memory: 2 times' 'Unit Failed: 3 times' 'I/O Error: 5 times'
recipe 'report' 'Stored: '
check 'report: names who it was by the pseudonym' holds "$(cat "$stage_dir/home/incident.html")" "$who"
check 'report: has a row for each' holds "$(cat "$stage_dir/home/failed.csv")" '404,'
check 'report: has no address' lacks "$(cat "$stage_dir/home/incident.html" "$stage_dir/home/failed.csv")" "$intruder"
recipe 'alarm' 'SSH_BRUTE_FORCE_SUCCESS'
recipe 'format-only' 'auth_log'
recipe 'explain' 'SSH_BRUTE_FORCE: SSH Brute Force' 'Looks at' 'Findings'
recipe 'verbose' 'rules'
recipe 'dismiss' WEB_BACKUP_SERVED
recipe 'schema' 'client_ip TEXT' 'action'
recipe 'no-cache' 'rules'
before='logystera serve >serve.log 2>&1 & server=$!; for _ in $(seq 600); do logystera health >/dev/null 2>&1 && break; sleep 0.1; done
'
after='
kill "$server"; wait "$server"'
recipe 'server' 'ok'
before='' after=''
recipe 'version' "$(cat "$root/VERSION")"
recipe 'clear' "$intruder as deploy"
recipe 'known-address' /.env 200
recipe 'formats' auth_log access_combined
recipe 'rules' SSH_BRUTE_FORCE WEB_WEBSHELL "id: 'SSH_BRUTE_FORCE_SUCCESS'"
recipe 'own-rule' MY_BRUTE_FORCE
finish
