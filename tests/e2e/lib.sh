# Sourced by the end-to-end tests and the demo: real nginx, real PHP-FPM, the real gateway, each on loopback, each stopped
# by its process id. Everything a run leaves behind is in one state directory.
#
#   open_state DIR                 an empty state directory, stopped and tidied when the script ends
#   start_gateway [PORT]           → $gateway_url
#   new_entity NAME                → $entity_token, $entity_secret (written to $state/NAME.credentials.json too)
#   start_fpm ROOT [POOL LINES]    → $fpm_socket        start_nginx ROOT [SERVER LINES] → $site_url
#   stop_process NAME [SIGNAL], signal_process NAME SIGNAL, process_id NAME
#   wait_until WHAT SECONDS COMMAND...
#
# As root the site runs as www-data, as it would on a server; otherwise everything runs as the calling user.
source "$(dirname "${BASH_SOURCE[0]}")/../../dev.d/lib.sh"

logystera_bin=${LOGYSTERA_BIN:-$build_dir/logystera}
extension_so=${LOGYSTERA_SO:-$build_dir/ext/modules/logystera.so}
php_bin=$(command -v "${PHP:-php}" || true)
readonly start_seconds=60  # a loaded two-core machine needs a few; nothing here is meant to take that long
declare -A process_ids=()
fpm_options=() fpm_wrapper=() nginx_http_lines=() nginx_php_lines=()
process_order=()
small_disk=''
# Who the site is, when it is not the caller.
web_user=www-data web_group=www-data

# --- state -----------------------------------------------------------------------------------------------------------

# reachable_by_web DIR: whether the site's user can get there. A checkout under /root (0700) it cannot.
reachable_by_web() { as_web test -x "$1"; }

as_web() {
  if [ "$(id -u)" -eq 0 ]; then setpriv --reuid "$web_user" --regid "$web_group" --init-groups -- "$@"; else "$@"; fi
}

# open_state DIR: $state, empty. Where the site's user cannot reach DIR, or a unix socket's path in it would be too long
# for the kernel (107 bytes), the state lives in a directory under /tmp and DIR is a link to it.
open_state() {
  state=$1
  [[ "$state" == "$run_dir"/?* ]] || die "a state directory is below $run_dir, not $state"
  stop_leftovers "$state"
  mkdir -p "$(dirname "$state")"
  if [ -L "$state" ]; then rm -rf "$(readlink -f "$state")"; fi
  rm -rf "$state"
  mkdir -p "$state"
  if [ ${#state} -gt 80 ] || ! reachable_by_web "$state"; then
    local elsewhere
    elsewhere=$(mktemp -d /tmp/logystera.XXXXXX)
    chmod 755 "$elsewhere"
    rmdir "$state"
    ln -s "$elsewhere" "$state"
    state=$elsewhere
  fi
  mkdir -p "$state/log" "$state/tmp"
  chmod 755 "$state" "$state/log"
  chmod 1777 "$state/tmp"
  trap close_state EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

close_state() {
  local status=$?
  trap - EXIT
  stop_all
  unmount_small_disk "$small_disk" || true
  exit "$status"
}

# web_dir DIR [MODE]: a directory of the site's user.
web_dir() {
  mkdir -p "$1"
  chmod "${2:-700}" "$1"
  [ "$(id -u)" -ne 0 ] || chown "$web_user:$web_group" "$1"
}

# --- processes -------------------------------------------------------------------------------------------------------

# start_process NAME COMMAND...: in the background, its output in $state/log/NAME.log. It ends with this script, however
# that ends, unless $keep_running is set. Not to be called in a subshell.
start_process() {
  local name=$1 wrap=(setpriv --pdeathsig TERM --)
  shift
  [ -z "${keep_running:-}" ] || wrap=(setsid)
  "${wrap[@]}" "$@" >>"$state/log/$name.log" 2>&1 </dev/null &
  process_ids[$name]=$!
  process_order+=("$name")
  printf '%s %s %s\n' "$name" "$!" "$(process_birth "$!")" >>"$state/processes"
}

# process_birth PID: what tells a process from a later one with the same number.
process_birth() { awk '{ sub(/^.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null || true; }

process_id() { echo "${process_ids[$1]:-}"; }

signal_process() { kill "-$2" "${process_ids[$1]}"; }

is_running() { [ -n "${process_ids[$1]:-}" ] && kill -0 "${process_ids[$1]}" 2>/dev/null; }

stopped() { ! is_running "$1"; }

# stop_process NAME [SIGNAL]: asks, waits a minute, then insists.
stop_process() {
  local pid=${process_ids[$1]:-} tenths=0
  [ -n "$pid" ] || return 0
  kill "-${2:-TERM}" "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null && [ "$tenths" -lt 600 ]; do
    sleep 0.1
    tenths=$((tenths + 1))
  done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  unset "process_ids[$1]"
}

stop_all() {
  local index
  for ((index = ${#process_order[@]} - 1; index >= 0; index--)); do stop_process "${process_order[index]}"; done
  process_order=()
  [ -z "${state:-}" ] || rm -f "$state/processes"
}

# mount_small_disk DIR SIZE: a tmpfs of the site's user, gone again when the script ends; false, with the reason in
# $mount_error, where this machine does not let us.
mount_small_disk() {
  mount_error=$(mount -t tmpfs -o "size=$2,mode=711,uid=$web_user,gid=$web_group" tmpfs "$1" 2>&1) || return 1
  small_disk=$1
  printf '%s\n' "$1" >"$state/small-disk"
}

unmount_small_disk() {
  [ -n "$1" ] && mountpoint -q "$1" || return 0
  umount "$1"
}

# stop_leftovers STATE: what an earlier run with this state directory left running (only those very processes), and its
# small disk.
stop_leftovers() {
  local name pid birth
  while read -r name pid birth; do
    [ "$(process_birth "$pid")" = "$birth" ] || continue
    process_ids[$name]=$pid
    stop_process "$name"
  done < <(tac "$1/processes" 2>/dev/null)
  rm -f "$1/processes"
  [ ! -f "$1/small-disk" ] || unmount_small_disk "$(cat "$1/small-disk")"
}

# wait_until WHAT SECONDS COMMAND...: polls; false, with a message, when it did not come true in time.
wait_until() {
  local what=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "waited in vain for $what" >&2
      return 1
    fi
    sleep 0.05
  done
}

# await NAME WHAT COMMAND...: wait_until for a process just started; its log when it died or never became ready.
await() {
  local name=$1 what=$2
  shift 2
  wait_until "$what" "$start_seconds" "$@" && is_running "$name" && return 0
  echo "$name did not start; $state/log/$name.log ends with:" >&2
  tail -20 "$state/log/$name.log" >&2
  return 1
}

free_port() {
  "$php_bin" -n -r '$s = stream_socket_server("tcp://127.0.0.1:0"); echo substr(strrchr(stream_socket_get_name($s, false), ":"), 1);'
}

port_answers() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# --- gateway ---------------------------------------------------------------------------------------------------------

# start_gateway [PORT]: on a free port unless told (a gateway that comes back has to come back where it was). How full this machine's
# disk is opens no alert there: that is a matter of the machine, and has a test of its own (gateway-disk-full).
start_gateway() {
  [ -x "$logystera_bin" ] || die "there is no $logystera_bin: ./dev build"
  gateway_store="sqlite:$state/gateway.db"
  : >"$state/log/gateway.log"
  printf 'watch:\n  disk_free_percent: 0\n  disk_free_bytes: 0\n' >"$state/gateway.yaml"
  start_process gateway "$logystera_bin" --store "$gateway_store" serve --config "$state/gateway.yaml" --host 127.0.0.1 --port "${1:-0}"
  await gateway 'the gateway to say where it listens' gateway_address
  gateway_url=$(gateway_address)
  gateway_port=${gateway_url##*:}
  await gateway 'the gateway to answer' port_answers "$gateway_port"
}

gateway_address() { grep -oE 'http://127\.0\.0\.1:[1-9][0-9]*' "$state/log/gateway.log" | head -1 | grep .; }

logystera() { "$logystera_bin" --store "$gateway_store" "$@"; }

# new_entity NAME: the credentials a site needs, in variables and in a file only the site's user reads.
new_entity() {
  local answer file="$state/$1.credentials.json"
  answer=$(logystera --json entity add "$1")
  entity_token=$("$php_bin" -n -r 'echo json_decode(stream_get_contents(STDIN))->token;' <<<"$answer")
  entity_secret=$("$php_bin" -n -r 'echo json_decode(stream_get_contents(STDIN))->secret;' <<<"$answer")
  (
    umask 077
    printf '{"url":"%s","token":"%s","secret":"%s"}\n' "$gateway_url" "$entity_token" "$entity_secret" >"$file"
  )
  [ "$(id -u)" -ne 0 ] || chown "$web_user:$web_group" "$file"
}

# --- PHP-FPM and nginx -----------------------------------------------------------------------------------------------

# Options every PHP of a test shares: the extension under test and nothing machine-specific in error output.
php_options=(-d "extension=$extension_so" -d display_errors=0 -d log_errors=1)

# php_cli ARGUMENT...: the command line PHP with the extension.
php_cli() { "$php_bin" "${php_options[@]}" "$@"; }

fpm_binary() {
  local version
  version=$("$php_bin" -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
  command -v "php-fpm$version" || { [ -x "/usr/sbin/php-fpm$version" ] && echo "/usr/sbin/php-fpm$version"; } ||
    die "there is no php-fpm$version: ./dev install-deps site"
}

# start_fpm DIRECTORY [POOL LINES]: a pool of four workers with that working directory and $extension_so (empty: without).
# Further lines ("env[X] = y", "php_admin_value[…] = …", "pm.max_children = 8") go into the pool and override what stands
# before them.
start_fpm() {
  local binary load=()
  binary=$(fpm_binary)
  [ -z "$extension_so" ] || load=(-d "extension=$extension_so")
  [ -z "$extension_so" ] || [ -f "$extension_so" ] || die "there is no $extension_so: ./dev build ext"
  fpm_socket="$state/fpm.sock"
  {
    printf '[global]\npid = %s\nerror_log = %s\ndaemonize = no\nprocess_control_timeout = 5s\n' "$state/fpm.pid" "$state/log/fpm-error.log"
    printf '[site]\nlisten = %s\nlisten.mode = 0666\n' "$fpm_socket"
    [ "$(id -u)" -ne 0 ] || printf 'user = %s\ngroup = %s\n' "$web_user" "$web_group"
    printf 'pm = static\npm.max_children = 4\nchdir = %s\ncatch_workers_output = yes\ndecorate_workers_output = no\n' "$1"
    printf 'php_admin_value[error_log] = %s\nphp_admin_flag[log_errors] = on\n' "$state/log/php-error.log"
    printf 'env[TMPDIR] = %s\nphp_admin_value[session.save_path] = %s\n' "$state/tmp" "$state/tmp"
    printf '%s\n' "${2:-}"
  } >"$state/fpm.conf"
  : >"$state/log/php-error.log"
  rm -f "$state/log/fpm-error.log"
  [ "$(id -u)" -ne 0 ] || chown "$web_user" "$state/log/php-error.log"
  start_process fpm "${fpm_wrapper[@]}" "$binary" --nodaemonize --fpm-config "$state/fpm.conf" "${load[@]}" "${fpm_options[@]}"
  await fpm 'FPM to be ready' grep -q 'ready to handle connections' "$state/log/fpm-error.log"
}

# reload_fpm: what `systemctl reload` does, and until the new master says it is ready. It keeps the process id.
reload_fpm() {
  local before
  before=$(fpm_starts)
  signal_process fpm USR2
  await fpm 'FPM to come back' fpm_started_again "$before"
}

fpm_starts() { grep -c 'ready to handle connections' "$state/log/fpm-error.log"; }

fpm_started_again() { [ "$(fpm_starts)" -gt "$1" ]; }

fpm_workers() { pgrep -P "${process_ids[fpm]}"; }

# start_nginx DOCROOT [SERVER LINES]: every path goes to index.php there unless a file exists; → $site_url
# Further lines for the PHP location ("fastcgi_param X y;") stand in the array nginx_php_lines.
start_nginx() {
  local attempt
  for attempt in 1 2 3 4 5; do
    site_port=$(free_port)
    write_nginx_conf "$1" "${2:-}"
    start_process nginx "$(command -v nginx || echo /usr/sbin/nginx)" -c "$state/nginx.conf" -e "$state/log/nginx-error.log"
    if wait_until "nginx on port $site_port" "$start_seconds" nginx_answers_or_died && is_running nginx; then
      site_url="http://127.0.0.1:$site_port"
      return 0
    fi
    stop_process nginx  # somebody took the port in between
  done
  tail -20 "$state/log/nginx-error.log" >&2
  die "nginx did not start in $attempt attempts"
}

nginx_answers_or_died() { ! is_running nginx || port_answers "$site_port"; }

write_nginx_conf() {
  local docroot=$1 more=$2 user_line=''
  [ "$(id -u)" -ne 0 ] || user_line="user $web_user $web_group;"
  web_dir "$state/nginx" 700
  cat >"$state/nginx.conf" <<NGINX
daemon off;
$user_line
worker_processes 2;
pid $state/nginx.pid;
error_log $state/log/nginx-error.log warn;
events { worker_connections 512; }
http {
  access_log off;
  default_type text/plain;
$(printf '  %s\n' "${nginx_http_lines[@]}")
  client_body_temp_path $state/nginx/body;
  proxy_temp_path $state/nginx/proxy;
  fastcgi_temp_path $state/nginx/fastcgi;
  uwsgi_temp_path $state/nginx/uwsgi;
  scgi_temp_path $state/nginx/scgi;
  server {
    listen 127.0.0.1:$site_port;
    server_name localhost;
    root $docroot;
    client_max_body_size 16m;
    location / { try_files \$uri /index.php\$is_args\$args; }
    location ~ \.php(/|\$) {
      fastcgi_split_path_info ^(.+?\.php)(/.*)\$;
      fastcgi_pass unix:$fpm_socket;
      fastcgi_read_timeout 60s;
      fastcgi_param SCRIPT_FILENAME \$document_root\$fastcgi_script_name;
      fastcgi_param SCRIPT_NAME \$fastcgi_script_name;
      fastcgi_param PATH_INFO \$fastcgi_path_info;
      fastcgi_param DOCUMENT_ROOT \$document_root;
      fastcgi_param REQUEST_METHOD \$request_method;
      fastcgi_param REQUEST_URI \$request_uri;
      fastcgi_param DOCUMENT_URI \$document_uri;
      fastcgi_param QUERY_STRING \$query_string;
      fastcgi_param CONTENT_TYPE \$content_type;
      fastcgi_param CONTENT_LENGTH \$content_length;
      fastcgi_param SERVER_PROTOCOL \$server_protocol;
      fastcgi_param SERVER_SOFTWARE nginx;
      fastcgi_param SERVER_NAME \$server_name;
      fastcgi_param SERVER_ADDR \$server_addr;
      fastcgi_param SERVER_PORT \$server_port;
      fastcgi_param REMOTE_ADDR \$remote_addr;
      fastcgi_param REMOTE_PORT \$remote_port;
      fastcgi_param GATEWAY_INTERFACE CGI/1.1;
      fastcgi_param REDIRECT_STATUS 200;
$(printf '      %s\n' "${nginx_php_lines[@]}")
    }
$more
  }
}
NGINX
}
