# Sourced by stages: runs phpt/ with run-tests.php against a build of the extension and counts what it reports.

# shared_modules PHP: "-d extension=…" for the modules the suite uses which that PHP has as shared objects (a Debian PHP
# has most of them so; a PHP built with --disable-all has them compiled in, or not at all, and the tests skip).
shared_modules() {
  local php=$1 dir module
  dir=$("$php" -n -r 'echo ini_get("extension_dir");')
  for module in posix pcntl ctype tokenizer pdo pdo_sqlite ffi soap opcache; do
    "$php" -n -m | grep -qix "$module" && continue
    [ -f "$dir/$module.so" ] || continue
    if [ "$module" = opcache ]; then printf -- '-d zend_extension=opcache '; else printf -- '-d extension=%s ' "$module"; fi
  done
}

# run_phpt DIR PHP [run-tests options]: DIR is a directory build_extension made.
run_phpt() {
  local dir=$1 php=$2 log="$stage_dir/run-tests.log" counts status=0 modules
  shift 2
  modules=$(shared_modules "$php")
  # shellcheck disable=SC2086  # a list of options
  (cd "$dir" && env -u REPORT_EXIT_STATUS TEST_PHP_EXECUTABLE="$php" NO_INTERACTION=1 SKIP_ONLINE_TESTS=1 TEST_TIMEOUT=120 \
    "$php" -n -d open_basedir= -d output_buffering=0 -d memory_limit=-1 run-tests.php -n -q --no-color --show-diff \
    -d extension_dir="$("$php" -n -r 'echo ini_get("extension_dir");')" $modules -d extension="$dir/modules/logystera.so" "$@" phpt) >"$log" 2>&1 || status=$?
  cat "$log"
  counts=$(awk -F: '
    /^Tests passed/ { split($2, n, " "); good = n[1] }
    /^Tests (failed|leaked|borked)/ { split($2, n, " "); bad += n[1] }
    /^Tests skipped/ { split($2, n, " "); left_out = n[1] }
    END { print good + 0, bad + 0, left_out + 0 }' "$log")
  # shellcheck disable=SC2086  # three numbers
  tally $counts
  # "SKIP behaviour [phpt/x.phpt] reason: …", and one failure at least when run-tests itself did not end well.
  sed -n 's/^SKIP .*\[\(.*\)\] reason: \(.*\)/skipped \1: \2/p' "$log"
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then fail 'run-tests.php' "exit status $status"; fi
  cp -r "$dir"/phpt/*.diff "$stage_dir/" 2>/dev/null || true
}
