# ./dev demo [--keep | --stop]: the whole chain on a small real site, from a fresh machine to an alert and its mail.
#
# Installs what is missing, builds, starts gateway, nginx, PHP-FPM and a mail server on loopback, visits the site, dispatches, shows what
# the gateway stored, lets somebody guess passwords until an alert opens, shows it and the mail that came, and stops everything. --keep leaves it running and says how to stop it; its state is in .run/demo.

demo_state="$run_dir/demo"

demo() {
  local started=$SECONDS
  [ $# -eq 0 ] || [ "$*" = --keep ] || die 'usage: ./dev demo [--keep | --stop]'
  local keep=${1:-}

  say '1/6 installing what is missing'
  install_packages build test site notify
  echo '    everything needed is here'

  say '2/6 building'
  source "$root/dev.d/extension.sh"
  quietly 'the extension (phpize, configure, make)' "$run_dir/build-ext.log" locked build-ext build_extension "$build_dir/ext"
  quietly 'the program (cmake, ninja)' "$run_dir/build-program.log" build_targets logystera

  say '3/6 starting gateway, PHP-FPM, nginx and a mail server'
  [ -z "$keep" ] || keep_running=yes
  source "$root/tests/e2e/plain/plain.sh"
  open_state "$demo_state"
  start_gateway
  prepare_site demo
  start_sites demo
  new_entity demo
  start_mail
  printf '    gateway  %s\n    site     %s\n    buffer   %s\n    mail     smtp://127.0.0.1:%s\n' \
    "$gateway_url" "$site_url" "$(buffer_of demo)" "$mail_port"

  say '4/6 visiting the site'
  visit_as_people_do

  say '5/6 sending what the buffer holds (the site'\''s cron job)'
  show_buffer
  cron demo | "$php_bin" -n -r '$r = json_decode(stream_get_contents(STDIN), true); printf("    %s: %d events in %d batch, signed and acknowledged\n", $r["status"], $r["sent"], $r["batches"]);'
  echo
  echo "What the gateway stored (logystera events), newest last:"
  echo
  logystera events | narrow
  echo

  say '6/6 somebody guesses passwords, and one is right'
  guess_passwords
  show_alert
  show_pages
  end_of_demo "$keep" $((SECONDS - started))
}

# step WHAT PATH [CURL OPTIONS]: one request, told as a line.
step() {
  local what=$1 path=$2
  shift 2
  printf '    %-44s %-22s %s\n' "$what" "$path" "$(visit "$path" "$@")"
}

visit_as_people_do() {
  local jar=(-b "$state/tmp/cookies" -c "$state/tmp/cookies")
  step 'somebody reads the front page' /
  step 'and an article' '/page/7'
  step 'a script asks the API' /api/articles -H 'X-Requested-With: XMLHttpRequest'
  step 'somebody tries the admin area' /admin/settings
  step 'and guesses a password' /login -d 'name=admin&pass=letmein'
  step 'and another' /login -d 'name=admin&pass=123456'
  step 'the administrator logs in' /login "${jar[@]}" -d 'name=admin&pass=correct horse'
  step 'changes a setting' /admin/settings "${jar[@]}" -d 'title=New title'
  step 'creates an account' /admin/users "${jar[@]}" -d 'name=jo'
  step 'makes it an editor' /admin/user/3/role "${jar[@]}" -X POST
  step 'blocks it' /admin/user/3/block "${jar[@]}" -X POST
  step 'and logs out' /logout "${jar[@]}" -X POST
}

# The table of events as narrow as a terminal: without its head, the day and the one site.
narrow() { sed -E '/^TIME /d; s/^[0-9-]+ /    /; s/ {6}demo +//' | cut -c 1-79; }

# A mail server that keeps what it gets, and a channel that leads there; every alert of level high or worse goes to every channel.
start_mail() {
  start_process mail /usr/bin/python3 "$root/tests/e2e/plain/mail_sink.py" "$state/mail"
  await mail 'the mail server to say where it listens' mail_port
  mail_port=$(mail_port)
  await mail 'the mail server to answer' port_answers "$mail_port"
  curl -sS -f -o /dev/null --max-time 30 -H 'Content-Type: application/json' "$gateway_url/api/v1/channels" -d @- <<JSON
{"name": "mail", "kind": "email", "mail": {"host": "127.0.0.1", "port": $mail_port, "tls": "allow_plain", "from": "alerts@example.org",
 "receivers": ["anna@example.org"]}}
JSON
}

mail_port() { grep -oE 'listening on [1-9][0-9]*' "$state/log/mail.log" | grep -oE '[0-9]+$' | grep .; }

guess_passwords() {
  local password
  for password in secret qwerty admin welcome dragon monkey; do
    step 'somebody guesses a password' /login -d "name=admin&pass=$password"
  done
  step 'and has one that is right' /login -d 'name=admin&pass=correct horse'
  cron demo >/dev/null
}

alert_number() { logystera --json alerts list --rule SIGNAL_LOGIN_AFTER_FAILURES | grep -oE '"id":[0-9]+' | grep -oE '[0-9]+' | head -1 | grep .; }

mail_about() { grep -l "alert $(alert_number)\|Alert: $(alert_number)\|SIGNAL_LOGIN_AFTER_FAILURES" "$state/mail"/*.txt | head -1 | grep .; }

show_alert() {
  wait_until 'an alert' 60 alert_number || { tail -20 "$state/log/gateway.log" >&2; return 1; }
  echo
  echo "The alert (logystera alerts show $(alert_number)):"
  echo
  logystera alerts show "$(alert_number)" | fold -s -w 76 | sed 's/^/    /'
  echo
  echo 'Its evidence: what was found (GET /api/v1/alerts/…/evidence), and the signals:'
  echo
  curl -sS -f --max-time 30 "$gateway_url/api/v1/alerts/$(alert_number)/evidence" | "$php_bin" -n -r '
    foreach (json_decode(stream_get_contents(STDIN), true)["findings"] as $one)
      printf("    %s  %s\n      %s, in the signals of %s\n", $one["event_timestamp"], $one["rule_id"], $one["title"], $one["source"]);
  ' | cut -c 1-79
  logystera events | grep -E ' auth\.login(_failed)? ' | tail -9 | narrow
  wait_until 'a mail about it' 60 mail_about || { tail -20 "$state/log/gateway.log" >&2; return 1; }
  echo
  echo "The mail that came of it:"
  echo
  fold -s -w 76 "$(mail_about)" | sed 's/^/    /'
  echo
}

show_buffer() {
  local file
  file="$(buffer_of demo)/buffer-current.jsonl"
  printf '    %d events wait in %s, the first of them:\n' "$(wc -l <"$file")" "$(basename "$file")"
  head -1 "$file" | fold -w 72 | sed 's/^/      /'
}

# The same in a browser, where there is one; with made-up findings, as a quiet site has none.
show_pages() {
  local page browser picture
  logystera demo seed >/dev/null
  echo "The same in a browser, with 25 made-up findings beside it: $gateway_url/"
  browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || return 0
  for page in '' findings events; do
    picture="$run_dir/demo/${page:-overview}.png"
    "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --force-prefers-reduced-motion --window-size=1280,900 \
      --user-data-dir="$state/tmp/browser" --screenshot="$picture" "$gateway_url/$page" >/dev/null 2>&1 </dev/null || return 0
    [ ! -s "$picture" ] || printf '    %s\n' "${picture#"$root/"}"
  done
  echo
}

end_of_demo() {
  if [ -n "$1" ]; then
    cat <<TEXT
The demo goes on running; its site:  $site_url  (name "admin", password "correct horse")
  send what you caused:   SITE_DATA=$state/demo/data ${php_bin} -d extension=$extension_so $state/demo/site/cron.php$([ "$(id -u)" -ne 0 ] || echo "   (as $web_user)")
  watch what arrives:     $logystera_bin --store $gateway_store events --follow
  stop it:                ./dev demo --stop
TEXT
    trap - EXIT
  else
    stop_all
    echo "Everything that was started has been stopped ($2 s in all)."
  fi
  cat <<TEXT

What to look at next:
  ./dev demo --keep                        the same, left running for you to click through
  php -d extension=$extension_so --ri logystera
  tests/e2e/plain/site/public/index.php    how an application records
  ./dev test                               everything that must hold, on real servers
  README.md, ARCHITECTURE.md, PRIVACY.md
TEXT
}

if [ "${1:-}" = --stop ]; then
  source "$root/tests/e2e/lib.sh"
  if [ -L "$demo_state" ]; then demo_state=$(readlink -f "$demo_state"); fi
  [ -f "$demo_state/processes" ] || { echo 'no demo is running'; exit 0; }
  stop_leftovers "$demo_state"
  echo 'the demo is stopped'
else
  demo "$@"
fi
