# Sourced by every test stage (dev.d/test/NAME.sh): counts what was checked and ends with the line `./dev test` adds up.
#
# A stage is a script that `./dev test` runs by itself, without a terminal and without standard input. Its first comment
# line after the shebang says where it stands and what it shows:
#   # 30: the extension's phpt suite on the distribution's PHP
# and the next one, unless nothing may run beside it, in which of two lanes, which run side by side once every other stage is done:
#   # lane: compilers    (works the processors hard)    or    # lane: servers    (mostly waits)
# Stages of one lane run one after the other, so what they share (a site's code, a chroot) is theirs alone. Builds in build/ go
# through build_targets and `./dev build`, which take turns.
# It calls pass, fail and skip once for each thing it checked (or tally, for a whole suite), then finish.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

stage=$(basename "${BASH_SOURCE[1]}" .sh)
stage_dir="$run_dir/test/$stage"  # for the stage's own files; starts empty
export LOGYSTERA_VERBOSE=1
passed=0 failed=0 skipped=0
mkdir -p "$stage_dir"

pass() { passed=$((passed + 1)); printf 'ok      %s\n' "$1"; }
fail() { failed=$((failed + 1)); printf 'FAILED  %s%s\n' "$1" "${2:+: $2}"; }
skip() { skipped=$((skipped + 1)); printf 'skipped %s: %s\n' "$1" "$2"; }

# tally PASSED FAILED SKIPPED: what a suite with a summary of its own reported.
tally() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }

# check NAME COMMAND...: passes when the command does; its output goes to the log.
check() {
  local name=$1 status=0
  shift
  "$@" || status=$?
  if [ "$status" -eq 0 ]; then pass "$name"; else fail "$name" "exit status $status"; fi
}

# skip_all WHY: ends the stage, which says in $checks how many checks it has.
skip_all() {
  echo "skipped $stage: $checks checks skipped: $1"
  tally 0 0 "$checks"
  finish
}

# What a check compares: texts that are equal, a text in another one.
is() { [ "$1" = "$2" ] || { printf 'got %s, wanted %s\n' "$1" "$2"; return 1; }; }
holds() { grep -qF -- "$2" <<<"$1" || { printf 'there is no %s in:\n%.2000s\n' "$2" "$1"; return 1; }; }
lacks() { ! grep -qF -- "$2" <<<"$1" || { printf 'there is %s in:\n%.2000s\n' "$2" "$1"; return 1; }; }

finish() {
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] || exit 1
  [ $((passed + skipped)) -gt 0 ] || { echo "$stage: nothing was checked" >&2; exit 1; }
  exit 0
}
