# Sourced by stages: runs a CMake build's tests and counts Catch2 test cases rather than executables.

# run_ctest BUILD_DIR [ctest options]: tallies every test case; a test that died without a summary is one failure.
run_ctest() {
  local dir=$1 log="$stage_dir/ctest.log" counts
  shift
  ctest --test-dir "$dir" --verbose --parallel "$jobs" --timeout "${LOGYSTERA_CTEST_SECONDS:-1800}" "$@" >"$log" 2>&1 || true
  cat "$log"
  counts=$(awk '
    # "7: All tests passed (40 assertions in 12 test cases)"
    match($0, /^[0-9]+: All tests passed \([0-9]+ assertions? in [0-9]+ test case/) {
      n = split($0, word, " "); id = word[1]; for (i = 1; i < n; i++) if (word[i] == "in") cases[id] = word[i + 1]
      next
    }
    # "7: test cases: 12 | 11 passed | 1 failed"; also "| 2 skipped" and "| 1 failed as expected"
    match($0, /^[0-9]+: test cases: +[0-9]+ \|/) {
      id = $1
      for (i = 2; i < NF; i++) {
        if ($(i + 1) == "passed") cases[id] += $i
        if ($(i + 1) == "failed" && $(i + 2) != "as") broken[id] += $i
        if ($(i + 1) == "failed" && $(i + 2) == "as") cases[id] += $i
        if ($(i + 1) == "skipped") left_out += $i
      }
      next
    }
    # "3/5 Test #7: core .......   Passed    0.05 sec"
    match($0, /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/) {
      match($0, /#[0-9]+:/); id = substr($0, RSTART + 1, RLENGTH - 1)
      if ($0 ~ /  Passed  /) { if (!(id in cases)) cases[id] = 1 }
      else if ($0 ~ /\*\*\*Skipped/) { if (!(id in cases)) left_out++ }
      else if (!broken[id]) broken[id] = 1
    }
    END { for (id in cases) good += cases[id]; for (id in broken) bad += broken[id]; print good + 0, bad + 0, left_out + 0 }' "$log")
  # shellcheck disable=SC2086  # three numbers
  tally $counts
  failed_cases "$log"
  # A skip has to say why: Catch2 test cases report theirs with a line "skipped: reason".
  sed -n 's/^[0-9]*: *\(skipped[: ].*\)/\1/p' "$log" | sed 's/^skipped: */skipped /' | sort -u
}

# failed_cases LOG: one line for each failed assertion of Catch2 ("FAILED case: file:line: expression, expansion") and for each
# executable that died or ran out of time, so that a summary that shows little of a long log shows these.
failed_cases() {
  awk '
    function done() { if (block != "") print "FAILED " substr(block, 1, 600); block = ""; rest = 0 }
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ { done(); if ($0 ~ /\*\*\*(Exception|Timeout)/) { sub(/^ */, ""); print "FAILED " $0 } next }
    !/^[0-9]+:/ { next }
    {
      line = $0; sub(/^[0-9]+: ?/, "", line)
      if (line ~ /^---/) { if (++dashes % 2) name = ""; next }
      if (dashes % 2 && line != "") { sub(/^ +/, "", line); name = name (name == "" ? "" : " / ") line; next }
      if (line ~ /: FAILED:$/) { done(); block = name ": " line; rest = 8; next }
      if (line ~ /^(\.\.\.|===)/) { done(); next }
      if (rest > 0 && line != "") { sub(/^ +/, "", line); block = block " " line; if (--rest == 0) done() }
    }
    END { done() }' "$1"
}
