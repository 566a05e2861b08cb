# ./dev demo [--keep | --stop]: the whole chain on a small real site, from a fresh machine to events one can read.
#
# Installs what is missing, builds, starts gateway, nginx and PHP-FPM on loopback, visits the site, dispatches, shows what the
# gateway stored, and stops everything. --keep leaves it running and says how to stop it; its state is in .run/demo.

demo_state="$run_dir/demo"

demo() {
  local started=$SECONDS
  [ $# -eq 0 ] || [ "$*" = --keep ] || die 'usage: ./dev demo [--keep | --stop]'
  local keep=${1:-}

  say '1/5 installing what is missing'
  install_packages build test site
  echo '    everything needed is here'

  say '2/5 building'
  source "$root/dev.d/extension.sh"
  quietly 'the extension (phpize, configure, make)' "$run_dir/build-ext.log" build_extension "$build_dir/ext"
  quietly 'the program: cmake' "$run_dir/build-cmake.log" cmake -S "$root" -B "$build_dir" -G Ninja
  quietly 'the program: ninja' "$run_dir/build-program.log" ninja -C "$build_dir" -j "$jobs" logystera

  say '3/5 starting gateway, PHP-FPM and nginx'
  [ -z "$keep" ] || keep_running=yes
  source "$root/tests/e2e/plain/plain.sh"
  open_state "$demo_state"
  start_gateway
  prepare_site demo
  start_sites demo
  new_entity demo
  printf '    gateway  %s\n    site     %s\n    buffer   %s\n' "$gateway_url" "$site_url" "$(buffer_of demo)"

  say '4/5 visiting the site'
  visit_as_people_do

  say '5/5 sending what the buffer holds (the site'\''s cron job)'
  show_buffer
  cron demo | "$php_bin" -n -r '$r = json_decode(stream_get_contents(STDIN), true); printf("    %s: %d events in %d batch, signed and acknowledged\n", $r["status"], $r["sent"], $r["batches"]);'
  echo
  echo "What the gateway stored (logystera events), newest last:"
  echo
  logystera events
  echo
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

show_buffer() {
  local file
  file="$(buffer_of demo)/buffer-current.jsonl"
  printf '    %d events wait in %s, the first of them:\n' "$(wc -l <"$file")" "$(basename "$file")"
  head -1 "$file" | fold -w 110 | sed 's/^/      /'
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
