# ./dev mutants [NAME...]: breaks the code in known ways, one at a time, and shows the test that notices.
#
# Each dev.d/mutants/NAME.mutant is applied to a copy of the tree in build/mutants and built there, and the test it names must fail;
# before that the same test must pass on the unbroken copy. The checkout is not touched. The copy has a build/ of its own, where
# a compiler cache finds what the checkout's build left.
source "$root/dev.d/extension.sh"

mutants_dir="$build_dir/mutants"
mutant_tree="$mutants_dir/tree"
mutant_ext="$mutants_dir/ext"

field_of() { sed -n "s/^$2: //p" "$root/dev.d/mutants/$1.mutant"; }

# refresh_tree: the copy is the checkout again; files that are the same keep their times, so little is built anew.
refresh_tree() {
  mkdir -p "$mutant_tree"
  git -C "$root" ls-files --cached --others --exclude-standard -z |
    while IFS= read -r -d '' file; do
      [ -f "$root/$file" ] || continue
      cmp -s "$root/$file" "$mutant_tree/$file" || (cd "$root" && cp --parents -- "$file" "$mutant_tree")
    done
}

# test_passes "KIND …": builds what the test needs from the copy and runs it; its output goes to $mutant_log.
test_passes() {
  local kind suite name
  read -r kind suite name <<<"$1"
  case "$kind" in
    catch2)
      cmake -S "$mutant_tree" -B "$mutant_tree/build" -G Ninja >>"$mutant_log" 2>&1 &&
        ninja -C "$mutant_tree/build" -j "$jobs" "$suite" >>"$mutant_log" 2>&1 || die "the copy does not build: $mutant_log"
      (cd "$mutant_tree" && timeout 300 "$mutant_tree/build/$suite" "$name") >>"$mutant_log" 2>&1
      ;;
    phpt)
      build_mutant_extension
      phpt_passes "$suite"
      ;;
    case)
      build_mutant_extension
      [ -x "$build_dir/logystera" ] || die 'the program is needed: ./dev build program'
      LOGYSTERA_SO="$mutant_ext/modules/logystera.so" bash -eu "$root/tests/e2e/$suite/cases/$name.sh" "$run_dir/e2e/mutants/$name" >>"$mutant_log" 2>&1
      ;;
    *) die "a test is of kind catch2, phpt or case, not '$kind'" ;;
  esac
}

build_mutant_extension() {
  (root="$mutant_tree" && build_extension "$mutant_ext") >>"$mutant_log" 2>&1 || die "the copy's extension does not build: $mutant_log"
}

# phpt_passes PATTERN: the phpt files with that in their name.
phpt_passes() {
  local tests
  mapfile -t tests < <(cd "$mutant_ext" && compgen -G "phpt/*$1*.phpt")
  [ ${#tests[@]} -gt 0 ] || die "there is no phpt/*$1*.phpt"
  # shellcheck disable=SC2046
  (cd "$mutant_ext" && NO_INTERACTION=1 TEST_PHP_EXECUTABLE="$php_bin" "$php_bin" -n run-tests.php -n -q \
    $([ ! -f "$("$php_bin" -n -r 'echo ini_get("extension_dir");')/posix.so" ] || echo -d extension=posix) \
    -d extension="$mutant_ext/modules/logystera.so" "${tests[@]}") >>"$mutant_log" 2>&1
  local status=$?
  # A suite that skipped everything has shown nothing.
  grep -qE '^Tests passed +: +[1-9]|^Tests failed +: +[1-9]' "$mutant_log" || die "phpt/*$1*.phpt was skipped: $mutant_log"
  return "$status"
}

hunt() {
  local name=$1 test
  test=$(field_of "$name" 'killed by')
  mutant_log="$run_dir/mutants/$name.log"
  : >"$mutant_log"
  refresh_tree
  if ! test_passes "$test"; then
    printf 'FAILED  %s: its test fails on the unbroken code (%s)\n' "$name" "${mutant_log#"$root/"}"
    return 1
  fi
  printf '\n===== broken: %s\n' "$(field_of "$name" about)" >>"$mutant_log"
  php "$root/dev.d/apply-mutant.php" "$root/dev.d/mutants/$name.mutant" "$mutant_tree" || return 1
  if test_passes "$test"; then
    printf 'FAILED  %s survives: %s\n' "$name" "$test"
    return 1
  fi
  printf 'killed  %-24s %s\n        by %s\n' "$name" "$(field_of "$name" about)" "${test#* }"
}

mutants() {
  local name killed=0 survived=0
  install_packages build test site faults
  mkdir -p "$run_dir/mutants"
  local names=("$@")
  [ ${#names[@]} -gt 0 ] || mapfile -t names < <(cd "$root/dev.d/mutants" && compgen -G '*.mutant' | sed 's/\.mutant$//' | sort)
  for name in "${names[@]}"; do
    [ -f "$root/dev.d/mutants/$name.mutant" ] || die "there is no mutant '$name'"
    if hunt "$name"; then killed=$((killed + 1)); else survived=$((survived + 1)); fi
  done
  printf '%d mutants killed, %d not\n' "$killed" "$survived"
  [ "$survived" -eq 0 ]
}

mutants "$@"
