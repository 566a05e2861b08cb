# Sourced by the stage that runs the module's PHPUnit tests, after site.sh: the web server its Functional tests ask, and PHPUnit.

phpunit_dir=''  # of the run: junit.xml, PHPUnit's output, the ini files

# prepare_phpunit: what Drupal's test runner wants to find in $web, and a place the site's user may write.
prepare_phpunit() {
  chmod -R u+w "$web/sites/simpletest" 2>/dev/null || true
  rm -rf "$web/sites/simpletest"
  web_dir "$web/sites/simpletest" 755
  web_dir "$web/sites/simpletest/browser_output" 755
  chmod u+w "$web/sites/default"
  web_dir "$web/sites/default/files" 755
  web_dir "$state/opcache" 700
}

# extension_of_version VERSION: the path of a copy of the extension that says it is of that version, as long as the real one and
# with its last digit: the linker lays "1", a setting's default, over the end of "0.1.1".
extension_of_version() {
  local version copy="$state/logystera-$1.so"
  version=$(cat "$root/VERSION")
  [ ${#version} -eq ${#1} ] || die "a copy of the extension can only take a version as long as $version, not $1"
  [ "${version: -1}" = "${1: -1}" ] || die "a copy of the extension can only take a version that ends as $version does, not $1"
  sed "s/\x00${version//./\\.}\x00/\x00$1\x00/g" "$extension_so" >"$copy"
  chmod 755 "$copy"
  [ "$("$php_bin" -n -d extension="$copy" -r 'echo phpversion("logystera");')" = "$1" ] || die "the copy of the extension is not of version $1"
  echo "$copy"
}

# run_phpunit NAME EXTENSION OPTION...: PHPUnit as the site's user, against a site served by nginx and FPM, both with that
# extension (empty: without any). Each test is counted. CASES="OneTest testAnother" runs only those.
run_phpunit() {
  local name=$1 extension=$2 status=0
  shift 2
  phpunit_dir="$state/$name"
  web_dir "$phpunit_dir" 700
  web_dir "$phpunit_dir/tmp" 700
  mkdir -p "$phpunit_dir/ini"
  # Found by the processes PHPUnit starts for its tests as well, which know no options of their parent.
  {
    [ -z "$extension" ] || printf 'extension=%s\n' "$extension"
    # Each test is a process that would compile half of Drupal.
    printf 'opcache.enable_cli=1\nopcache.file_cache=%s\n' "$state/opcache"
  } >"$phpunit_dir/ini/logystera.ini"
  chmod -R a+rX "$phpunit_dir/ini"
  # A test changes files that a request has just read.
  fpm_options=(-d opcache.revalidate_freq=0)
  extension_so=$extension start_fpm "$web"
  start_nginx "$web"
  [ -z "${CASES:-}" ] || set -- "$@" --filter "${CASES// /|}"
  say "PHPUnit, $name: $*"
  (
    cd "$web"
    export PHP_INI_SCAN_DIR=":$phpunit_dir/ini" HOME="$phpunit_dir/tmp" TMPDIR="$phpunit_dir/tmp"
    export SIMPLETEST_BASE_URL="$site_url" SIMPLETEST_DB="sqlite://localhost/$phpunit_dir/tmp/db.sqlite" SYMFONY_DEPRECATIONS_HELPER=weak
    as_web "$php_bin" -d memory_limit=-1 ../vendor/bin/phpunit --configuration core/phpunit.xml.dist --log-junit "$phpunit_dir/tmp/junit.xml" \
      "$@" modules/contrib/logystera/tests/src
  ) || status=$?
  stop_process nginx
  stop_process fpm
  count_phpunit "$name" "$phpunit_dir/tmp/junit.xml"
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then fail "PHPUnit, $name" "exit status $status"; fi
}

# count_phpunit NAME JUNIT: "ok", "FAILED" or "skipped" for each test in PHPUnit's report.
count_phpunit() {
  local verdict test reason
  [ -s "$2" ] || { fail "PHPUnit, $1" 'no report'; return 0; }
  while IFS=$'\t' read -r verdict test reason; do
    "$verdict" "$test" "$reason"
  done < <("$php_bin" -r '
    foreach (simplexml_load_file($argv[1])->xpath("//testcase") as $case) {
      $name = strtr(preg_replace("/^.*\\\\(?=\w+$)/", "", (string) $case["class"]), ["Test" => ""]) . ": " . strtolower(preg_replace("/(?<!^)[A-Z]/", " $0", preg_replace("/^test/", "", (string) $case["name"])));
      $trouble = $case->error[0] ?? $case->failure[0] ?? $case->warning[0] ?? NULL;
      echo $trouble !== NULL ? "fail" : (isset($case->skipped) ? "skip" : "pass"), "\t", "$argv[2], $name", "\t", strtok(preg_replace("/^\S+::\w+.*\n/", "", trim((string) $trouble)), "\n"), "\n";
    }' -- "$2" "$1")
}
