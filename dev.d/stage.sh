# Sourced by every test stage (dev.d/test/NAME.sh): counts what was checked and ends with the line `./dev test` adds up.
#
# A stage is a script that `./dev test` runs by itself, without a terminal and without standard input. Its first comment
# line after the shebang says where it stands and what it shows:
#   # 30: the extension's phpt suite on the distribution's PHP
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

finish() {
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] || exit 1
  [ $((passed + skipped)) -gt 0 ] || { echo "$stage: nothing was checked" >&2; exit 1; }
  exit 0
}
