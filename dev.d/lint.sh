# ./dev lint [CHECK...]: formatting, clang-tidy, sizes, layering, generated files, package metadata, scripts, links of documents, words and spelling. Changes nothing.
# One line a check; exit 1 when any fails. ./dev lint --list names them.

source "$root/dev.d/clang-format.sh"
source "$root/dev.d/clang-tidy.sh"

lint_failed=0 lint_passed=0 lint_skipped=0
lint_dir="$run_dir/lint"

checks=(format tidy size layers options web paths generated arginfo composer pecl debian sources scripts php links words spelling mutants)

tracked() { git -C "$root" ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do [ ! -f "$root/$file" ] || echo "$file"; done; }

lint_format() {
  check_clang_format_version || { echo "$clang_format_refusal"; return 77; }
  formatted_files | (cd "$root" && xargs -r clang-format --dry-run --Werror) 2>&1
}

# --- tidy: clang-tidy over what was changed; ./dev tidy is all of it, which takes minutes.
lint_tidy() {
  local files
  check_clang_tidy_version || { echo "$clang_tidy_refusal"; return 77; }
  mapfile -t files < <(changed_files)
  [ ${#files[@]} -eq 0 ] || tidy_files "${files[@]}"
}

# --- size: a file is one idea. One of more than 500 lines says in its head comment, behind "One file:", why it is not two.
lint_size() {
  local most=500 file lines failed=0
  while read -r file; do
    lines=$(wc -l <"$root/$file")
    [ "$lines" -gt "$most" ] || continue
    awk '!/^\/\// { exit } /^\/\/ One file: ./ { found = 1 } END { exit !found }' "$root/$file" && continue
    echo "$file has $lines lines: split it, or say why it stands together in a line of its head comment that begins with \"// One file:\""
    failed=1
  done < <(tracked 'src/*.cpp' 'src/*.hpp')
  return "$failed"
}

# --- layering: every include of src/ against the matrix in dev.d/layers.txt, and the matrix against what is included.
lint_layers() {
  (cd "$root" && grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' --include='*.cpp' --include='*.hpp' --include='*.h' src) |
    awk -v rooms="$(cd "$root/src" && echo */ | tr -d /)" '
      function report(text) { print text; bad = 1 }
      BEGIN { n = split(rooms, list, " "); for (i = 1; i <= n; i++) is_room[list[i]] = 1 }
      FNR == NR {
        if ($0 ~ /^#/ || $0 == "") next
        colon = match($0, /: |:$/)
        name = substr($0, 1, colon - 1); n = split(substr($0, colon + 1), to, " ")
        if (name ~ /^</) { library[++libraries] = "^" substr(name, 2); places[libraries] = " "; for (i = 1; i <= n; i++) { places[libraries] = places[libraries] to[i] " " } next }
        named[name] = 1
        if (!is_room[name]) report("dev.d/layers.txt names the room " name ", which src/ has not")
        for (i = 1; i <= n; i++) allowed[name, to[i]] = 1
        next
      }
      {
        file = $0; sub(/:.*/, "", file)
        header = $0; sub(/^[^"<]*/, "", header); quoted = header ~ /^"/; header = substr(header, 2); sub(/[">].*/, "", header)
        place = file; sub(/^src\//, "", place); sub(/\/[^\/]*$/, "", place)
        room = place; sub(/\/.*/, "", room)
        if (!named[room]) { if (!said[room]++) report("src/" room " is not in dev.d/layers.txt"); next }
        target = header; sub(/\/.*/, "", target)
        if (quoted && index(header, "/") && is_room[target]) {
          if (target != room && !allowed[room, target]) report($0 ": src/" room " may not include src/" target)
          if (target != room && header ~ /\/.*\//) report($0 ": what is in a folder of src/" target " is for that room alone")
          used[room, target] = 1
          next
        }
        for (i = 1; i <= libraries; i++) {
          if (header !~ library[i]) continue
          ok = 0; n = split(places[i], to, " ")
          for (j = 1; j <= n; j++) if (place == to[j] || index(place, to[j] "/") == 1) { ok = 1; entered[i, to[j]] = 1 }
          if (!ok) report($0 ": " (n ? "only" places[i] "may" : "nobody may") " include this")
          next
        }
        if (quoted && file !~ /^src\/extension\//) report($0 ": is in no room")
      }
      END {
        for (pair in allowed) { split(pair, at, SUBSEP); if (!used[pair]) report("dev.d/layers.txt lets " at[1] " include " at[2] ", and it does not") }
        for (i = 1; i <= libraries; i++) {
          n = split(places[i], to, " ")
          for (j = 1; j <= n; j++) if (!entered[i, to[j]]) report("dev.d/layers.txt lets " to[j] " include " library[i] ", and it does not")
        }
        exit bad
      }' "$root/dev.d/layers.txt" -
}

# --- options: what the options of the command line are called only src/cli knows; texts of other rooms say what to do, and the
# command line adds how. -----BEGIN, decrements and CSS between quotes are none.
lint_options() {
  # Files that name one all the same; whoever takes the last one out of a file takes it out here.
  local exempt=(src/core/walk.cpp src/parse/encoding.cpp)
  local file found status=0
  found=$(cd "$root" && grep -rnP '^(?:[^"]|"(?:[^"\\]|\\.)*")*"(?:[^"\\]|\\.)*?(?<=["\x27 (=])--[A-Za-z]' --include='*.cpp' --include='*.hpp' src |
    grep -vE '^src/cli/|^[^:]*:[0-9]+: *//')
  for file in "${exempt[@]}"; do
    grep -q "^$file:" <<<"$found" || { echo "$file names no option: take it out of lint_options in dev.d/lint.sh"; status=1; }
    found=$(grep -v "^$file:" <<<"$found")
  done
  [ -z "$found" ] || { printf '%s\n' 'Outside of src/cli a text names an option:' "$found"; status=1; }
  return "$status"
}

# --- web: dist/ is of its sources, and light; nothing in web/ that the pages' policy would refuse or that could become markup.
lint_web() {
  local web="$root/web" found status=0 bytes=0 file made="$lint_dir/web"
  found=$(cd "$root" && {
    grep -nE "style=|<style|<script( [^>]*)?>[^<]|[\"' ]on[a-z]+=|hx-on|hx-vals=.js:|\{\{[{&=]|(src|href|action)=\"?(https?:)?//" web/templates/*.mustache
    grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|Function\(|https?://' web/src/*.ts
    grep -nE '@import +(url|"https?:)|url\(' web/css/*.css
    grep -nE '<script|href=|style=| on[a-z]+=' web/icons/*.svg web/favicon.svg
  })
  [ -z "$found" ] || { printf '%s\n' 'What the pages may not hold:' "$found"; status=1; }
  found=$(cd "$web" && {
    for file in build.mjs package-lock.json favicon.svg css/* icons/* src/*; do printf '%s  %s\n' "$(sha256sum <"$file" | cut -d' ' -f1)" "$file"; done
  } | LC_ALL=C sort -s -k2,2 | sha256sum | cut -d' ' -f1)
  [ "$found" = "$(cat "$web/dist/SOURCES")" ] || { echo 'web/dist is not of these sources: (cd web && npm ci --ignore-scripts && npm run build)'; status=1; }
  for file in "$web"/dist/*.css "$web"/dist/*.js "$web"/dist/*.svg; do bytes=$((bytes + $(gzip -9c "$file" | wc -c))); done
  [ "$bytes" -lt 100000 ] || { echo "web/dist has $bytes bytes compressed: at most 100,000"; status=1; }
  # Where npm gets its packages, dist/ is made once more and compared.
  mkdir -p "$made"
  cp -r "$web"/{package.json,package-lock.json,tsconfig.json,build.mjs,favicon.svg,css,icons,src} "$made/"
  if command -v npm >/dev/null && npm ci --prefix "$made" --ignore-scripts --no-audit --no-fund >"$lint_dir/npm.log" 2>&1; then
    (cd "$made" && npm run --silent check && npm run --silent build) || status=1
    diff -r "$made/dist" "$web/dist" || { echo 'web/dist is not what its sources give'; status=1; }
  fi
  return "$status"
}

# --- paths: the agent reaches files by descriptors (src/agent/directory.hpp says why). Two looks remain that change nothing.
lint_paths() {
  local calls='(open|openat|creat|mkdir|mkdirat|rmdir|chmod|fchmodat|chown|lchown|fchownat|rename|renameat2?|link|linkat|symlink|unlink|unlinkat|stat|lstat|fstatat|truncate|access|opendir|fopen|mkfifo|mknod)'
  local found
  found=$(cd "$root" && grep -nE "(::| )$calls\(" src/agent/*.cpp src/agent/*.hpp |
    grep -vE '^src/agent/directory\.(cpp|hpp):|[A-Za-z_]::open\(|static [A-Za-z<>]+ open\(|^[^:]*:[0-9]+: *//' |
    grep -vE 'moment\.cpp.*"/proc/|buffer\.cpp.*for the message alone') || return 0
  printf '%s\n' 'src/agent uses a path outside directory.cpp:' "$found"
  return 1
}

# --- generated files: ./dev generate in a copy of the tree must change nothing.
lint_generated() {
  local copy="$lint_dir/tree"
  rm -rf "$copy"
  mkdir -p "$copy/.run"
  (cd "$root" && tracked | xargs -d '\n' cp --parents -t "$copy")
  git -C "$copy" init -q
  mkdir -p "$run_dir/gen-stub"
  ln -s "$run_dir/gen-stub" "$copy/.run/gen-stub"
  php "$copy/dev.d/generate-catalogue.php" && php "$copy/dev.d/generate-docs.php" && php "$copy/dev.d/generate-package.php" && php "$copy/dev.d/generate-drupal.php" || return 1
  if same_gen_stub; then bash "$copy/dev.d/generate-arginfo.sh" || return 1; fi
  local file stale=0
  cp "$copy/stubs/logystera.stub.php" "$copy/client/stubs/logystera.stub.php"
  for file in docs/signals.md src/core/catalogue_table.hpp src/extension/logystera_arginfo.h package.xml config.w32 \
    drupal-module/config/install/logystera.settings.yml drupal-module/README.md drupal-module/src/Signal/SignalWords.php client/stubs/logystera.stub.php; do
    diff -u "$root/$file" "$copy/$file" || { echo "$file is stale: run ./dev generate"; stale=1; }
  done
  rm -rf "$copy"
  return "$stale"
}

# The committed arginfo was made by PHP 8.2's gen_stub.php; another version's writes the same tables differently.
same_gen_stub() { [ "$(php -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')" = 8.2 ]; }

# --- arginfo: made from the stub as it is now (gen_stub writes the stub's hash into the header).
lint_arginfo() {
  local wanted
  wanted=$(php -r 'echo sha1(str_replace("\r\n", "\n", file_get_contents($argv[1])));' -- "$root/stubs/logystera.stub.php")
  grep -q "Stub hash: $wanted" "$root/src/extension/logystera_arginfo.h" || { echo 'logystera_arginfo.h is not of this stub: run ./dev generate'; return 1; }
}

# --- package metadata.
lint_composer() {
  local file
  for file in $(tracked '*composer.json'); do
    COMPOSER_ALLOW_SUPERUSER=1 composer validate --no-interaction --no-check-lock --no-check-publish "$root/$file" || return 1
  done
}

lint_pecl() {
  local answer
  answer=$(cd "$root" && pear package-validate package.xml 2>&1) || true
  echo "$answer"
  grep -q 'Validation: 0 error(s)' <<<"$answer" || return 1
  # The date is the release's, in CHANGELOG.md: only on that day is it today's.
  ! grep '^Warning' <<<"$answer" | grep -qv 'Release Date "[0-9-]*" is not today'
}

# --- debian: the package is of this version, and says of what it is built as dev.d/packages.txt does.
lint_debian() {
  local status=0
  sed -n 1p "$root/debian/changelog" | grep -qF "logystera ($(cat "$root/VERSION")-" || { echo 'debian/changelog begins with another version than VERSION'; status=1; }
  diff <(sed -n '/^Build-Depends:/,/^[^ ]/s/^ \([a-z0-9.+-]*\).*/\1/p' "$root/debian/control" | grep -vxE 'debhelper-compat|dh-php' | sort) \
    <(sed -n '/^\[build\]/,/^\[test\]/p' "$root/dev.d/packages.txt" | grep -vxE '\[.*\]|build-essential|ccache' | sort) ||
    { echo 'debian/control (<) is built of other packages than [build] of dev.d/packages.txt names (>)'; status=1; }
  return "$status"
}

# --- sources: config.m4 and config.w32 name every source of the three rooms.
lint_sources() {
  local tree m4 w32
  tree=$(cd "$root" && printf '%s\n' src/core/*.cpp src/agent/*.cpp src/extension/*.cpp | sort)
  m4=$(grep -v '^ *dnl' "$root/config.m4" | grep -oE 'src/[a-z]+/[a-z0-9_]+\.cpp' | sort)
  w32=$(php -r '
    preg_match_all("/var logystera_(\w+) = ([^;]*);/", file_get_contents($argv[1]), $lists, PREG_SET_ORDER);
    foreach ($lists as [, $room, $names]) { preg_match_all("/[a-z0-9_]+\.cpp/", $names, $m); foreach ($m[0] as $name) echo "src/$room/$name\n"; }
  ' -- "$root/config.w32" | sort)
  diff <(echo "$m4") <(echo "$w32") || { echo 'config.w32 (>) differs from config.m4 (<)'; return 1; }
  # A room may hold files only the program needs; they are named here.
  comm -23 <(echo "$tree") <(echo "$m4") | grep -vxF -f <(sed -n 's/^ *dnl program only: //p' "$root/config.m4") | grep . &&
    { echo 'in no list of config.m4; if the extension does not need one, say so there: "dnl program only: FILE"'; return 1; }
  comm -13 <(echo "$tree") <(echo "$m4") | grep . && { echo 'in config.m4, but not there'; return 1; }
  return 0
}

# --- scripts: every shell script, to the last note. .shellcheckrc says what is left out, and why.
lint_scripts() {
  (cd "$root" && { echo dev; echo .ci/run; tracked '*.sh'; } | sort -u | xargs -d '\n' shellcheck -S style)
}

lint_php() {
  local file
  tracked '*.php' | while read -r file; do php -l "$root/$file" >/dev/null || exit 1; done
}

# --- links: what documents link to in the tree is there, headings included.
lint_links() {
  (cd "$root" && tracked '*.md' | xargs -d '\n' php dev.d/check-links.php .)
}

# --- words: what has no place in a release, nor paths of the machine it was written on.
lint_words() {
  local forbidden='T''ODO|F''IXME|X''XX:|lorem ip''sum|/wo''rk/(main|wt|shared)'
  (cd "$root" && tracked | grep -vE '^(LICENSE|drupal-module/LICENSE.*|web/dist/.*)$' | xargs -d '\n' grep -nIE "$forbidden") && return 1
  return 0
}

# --- spelling: codespell over what people here wrote. dev.d/spelling.txt has the words that are right all the same.
lint_spelling() {
  (cd "$root" && tracked | grep -vE '^(LICENSE|drupal-module/LICENSE.*|web/dist/.*|.*package-lock\.json|tests/data/.*|dev\.d/spelling\.txt)$' |
    xargs -d '\n' codespell --check-filenames --check-hidden --quiet-level 2 --ignore-words dev.d/spelling.txt)
}

# --- mutants: each still finds the text it breaks (`./dev mutants` shows that a test notices).
lint_mutants() {
  local copy="$lint_dir/mutants" mutant stale=0
  for mutant in "$root"/dev.d/mutants/*.mutant; do
    rm -rf "$copy"
    mkdir -p "$copy"
    cp -r "$root/src" "$copy/"
    php "$root/dev.d/apply-mutant.php" "$mutant" "$copy" || stale=1
  done
  rm -rf "$copy"
  return "$stale"
}

run_check() {
  local name=$1 log="$lint_dir/$1.log" status=0
  (set +e; "lint_$name") >"$log" 2>&1 || status=$?
  case "$status" in
    0) lint_passed=$((lint_passed + 1)); printf 'ok      %s\n' "$name" ;;
    77) lint_skipped=$((lint_skipped + 1)); printf 'skipped %s: %s\n' "$name" "$(tail -1 "$log")" ;;
    *)
      lint_failed=$((lint_failed + 1))
      printf 'FAILED  %s\n' "$name"
      head -40 "$log" | sed 's/^/        /'
      ;;
  esac
}

lint() {
  local name
  [ $# -gt 0 ] || set -- "${checks[@]}"
  install_packages build lint
  mkdir -p "$lint_dir"
  for name in "$@"; do
    [ "$(type -t "lint_$name")" = function ] || die "there is no lint check '$name' (./dev lint --list)"
    run_check "$name"
  done
  printf '%d passed, %d failed, %d skipped\n' "$lint_passed" "$lint_failed" "$lint_skipped"
  [ "$lint_failed" -eq 0 ]
}

case "${1:-}" in
  --list) printf '%s\n' "${checks[@]}" ;;
  *) lint "$@" ;;
esac
