# Sourced by the cases and the demo: the plain PHP site of this directory under the real servers of ../lib.sh.
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

plain_dir="$root/tests/e2e/plain"
uid_key='the key this site hashes user ids with'
site_agent='plain-site-visitor/1.0'

# prepare_site NAME: code in $state/NAME/site, data in $state/NAME/data, the buffer beside them; not yet connected.
prepare_site() {
  local home="$state/$1" share=${2:-user}
  mkdir -p "$home"
  chmod 755 "$home"
  cp -r "$plain_dir/site" "$home/site"
  chmod -R a+rX "$home/site"
  web_dir "$home/data" 755
  web_dir "$home/private" 711
  cat >"$home/data/config.json" <<JSON
{"buffer": "$home/private/logystera", "uid_key": "$uid_key", "share": "$share", "credentials": "$state/$1.credentials.json"}
JSON
  "$php_bin" -n -r '
    $account = fn($name, $password, ...$roles) => ["name" => $name, "password" => password_hash($password, PASSWORD_BCRYPT, ["cost" => 4]), "roles" => $roles, "blocked" => false];
    echo json_encode([1 => $account("admin", "correct horse", "administrator"), 2 => $account("maria", "battery staple", "member")], JSON_PRETTY_PRINT);
  ' >"$home/data/accounts.json"
  [ "$(id -u)" -ne 0 ] || chown "$web_user:$web_group" "$home/data/config.json" "$home/data/accounts.json"
}

buffer_of() { echo "$state/$1/private/logystera"; }

# buffered NAME: every line that waits in a site's buffer.
buffered() { find "$(buffer_of "$1")" -maxdepth 1 \( -name 'buffer-*.jsonl' -o -name 'spill-*' \) -exec cat {} +; }

# start_sites NAME...: one FPM pool and one nginx for all of them; a site answers to its name as host name, the first to any.
start_sites() {
  local name default=$1
  {
    # A map by host name; PHP sees the data directory as a request parameter, as with virtual hosts in one pool.
    printf 'map $host $site_data {\n  default %s;\n' "$state/$default/data"
    for name in "$@"; do printf '  %s %s;\n' "$name.test" "$state/$name/data"; done
    printf '}\n'
  } >"$state/sites.conf"
  nginx_http_lines=("include $state/sites.conf;")
  nginx_php_lines=('fastcgi_param SITE_DATA $site_data;')
  start_fpm "$state/$default/site/public" "${pool_lines:-}"
  start_nginx "$state/$default/site/public"
}

# visit PATH [CURL OPTIONS]: one request, as the same visitor every time; prints the status code.
visit() {
  local path=$1
  shift
  curl -sS -o "$state/tmp/last-answer" -w '%{http_code}\n' --max-time 30 -A "$site_agent" "$@" "$site_url$path"
}

# visit_many COUNT [URL PATTERN [PARALLEL [CURL OPTIONS]]]: /page/1 … /page/COUNT, or what the pattern ("…/[1-10]") says;
# prints "STATUS PATH" a line.
visit_many() {
  local url=${2:-$site_url/page/[1-$1]} parallel=${3:-8}
  shift $(($# < 3 ? $# : 3))
  curl -sS --parallel --parallel-max "$parallel" --max-time 30 -A "$site_agent" "$@" \
    -o /dev/null -w '%{http_code} %{url_effective}\n' "$url" 2>>"$state/log/curl.log" | sed 's|http://[^/]*||' || true
}

# served COUNT: fails unless every line of standard input is a 200 and there are COUNT of them.
served() {
  local lines
  lines=$(cat)
  expect 'requests answered with 200' "$1" "$(grep -c '^200 ' <<<"$lines")"
  expect 'requests' "$1" "$(wc -l <<<"$lines")"
}

# cron NAME [--now]: the site's cron job as the site's user; prints flush()'s answer. --now ends a backoff before.
cron() {
  local name=$1
  shift
  SITE_DATA="$state/$name/data" as_web "$php_bin" "${php_options[@]}" "$state/$name/site/cron.php" "$@"
}

# drain NAME: cron runs until nothing is left.
drain() {
  local answer attempt
  for attempt in $(seq 100); do
    answer=$(cron "$1" --now)
    case "$(field status <<<"$answer")" in
      idle) return 0 ;;
      sent | partial) ;;
      busy | backoff) sleep 1 ;;  # a gateway on a loaded machine may stall
      *) echo "cron run $attempt: $answer" >&2; return 1 ;;
    esac
  done
  echo "$attempt cron runs did not empty the buffer: $answer" >&2
  return 1
}

# field NAME: of a JSON object on standard input.
field() { "$php_bin" -n -r '$v = json_decode(stream_get_contents(STDIN), true)[$argv[1]] ?? null; echo is_scalar($v) ? $v : json_encode($v);' -- "$1"; }

stored_events() { logystera --json events "$@"; }

# stored_labels TYPE LABEL: that label of every stored event of the type, sorted.
stored_labels() {
  stored_events --type "$1" |
    "$php_bin" -n -r 'while ($line = fgets(STDIN)) { echo json_decode($line, true)["labels"][$argv[1]], "\n"; }' -- "$2" | sort
}

# sum: of the numbers on standard input, one a line.
sum() { awk '{ total += $1 } END { print total + 0 }'; }

# expect WHAT EXPECTED ACTUAL: ends the case when they differ.
expect() {
  [ "$2" = "$3" ] && return 0
  printf '%s: expected "%s", got "%s"\n' "$1" "$2" "$3" >&2
  return 1
}

# same_lines WHAT EXPECTED ACTUAL: two files; a difference is shown and ends the case.
same_lines() {
  diff -u "$2" "$3" >"$state/tmp/diff" && return 0
  printf '%s differ (- expected, + found):\n' "$1" >&2
  head -40 "$state/tmp/diff" >&2
  return 1
}

# leave_out REASON: this machine cannot run the case.
leave_out() {
  echo "cannot run here: $1"
  exit 77
}

# expect_nothing WHAT: fails, showing them, when there are lines on standard input.
expect_nothing() {
  local lines
  lines=$(cat)
  [ -z "$lines" ] && return 0
  printf '%s: expected none, found\n%s\n' "$1" "$(head -20 <<<"$lines")" >&2
  return 1
}

# no_lines WHAT PATTERN FILE: the file has no line like that.
no_lines() { { grep -E -- "$2" "$3" || true; } | expect_nothing "$1"; }

# answered_paths ANSWERS: the paths of the requests that got a 200, sorted. A client has its answer only after the event is
# in the buffer, so that each of them has to arrive.
answered_paths() { sed -n 's/^200 //p' "$1" | sort; }

# nothing_lost EXPECTED STORED: two sorted files; every expected line is stored, none twice.
nothing_lost() {
  comm -23 "$1" "$2" | expect_nothing 'lost'
  uniq -d "$2" | expect_nothing 'stored twice'
}
