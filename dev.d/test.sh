# ./dev test [--list] [STAGE...]: runs the test stages one after the other and adds up what they report.
#
# A stage is dev.d/test/NAME.sh (see dev.d/stage.sh). Its whole output goes to .run/test/NAME.log; here one line a stage,
# the reasons of skips, and the end of the log of a stage that failed. The last line is the sum, alone on its line.

log_dir="$run_dir/test"
tail_lines=60

# stages: "NN name" of every stage, in the order of the number in its first comment.
stages() {
  local file
  for file in "$root"/dev.d/test/*.sh; do
    printf '%s %s\n' "$(sed -n '2s/^# \([0-9]\{1,3\}\):.*/\1/p' "$file")" "$(basename "$file" .sh)"
  done | sort -n | awk 'NF == 2 { print $2; next } { print "a stage without a number on its second line: " $0 > "/dev/stderr"; exit 1 }'
}

about() { sed -n '2s/^# [0-9]*: *//p' "$root/dev.d/test/$1.sh"; }

list_stages() {
  local name
  for name in $(stages); do printf '  %-18s %s\n' "$name" "$(about "$name")"; done
}

# run_stage NAME: runs it, adds its counts to the totals; returns whether it went well.
run_stage() {
  local name=$1 log="$log_dir/$1.log" status=0 started=$SECONDS summary counts
  rm -rf "${log_dir:?}/$name" "$log"
  bash "$root/dev.d/test/$name.sh" >"$log" 2>&1 </dev/null || status=$?
  summary=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -1 || true)
  read -r -a counts <<<"$(tr -cd '0-9 \n' <<<"$summary")"
  if [ ${#counts[@]} -ne 3 ]; then
    counts=(0 1 0)
    summary='stopped before its summary'
    [ "$status" -ne 0 ] || status=1
  elif [ "$status" -ne 0 ] && [ "${counts[1]}" -eq 0 ]; then
    counts[1]=1
    summary="$summary, yet exit status $status"
  elif [ "${counts[1]}" -gt 0 ]; then
    status=1
  fi
  total_passed=$((total_passed + counts[0]))
  total_failed=$((total_failed + counts[1]))
  total_skipped=$((total_skipped + counts[2]))
  printf '    %s  (%d s)\n' "$summary" $((SECONDS - started))
  sed -n 's/^skipped /    skipped: /p' "$log"
  [ "$status" -eq 0 ] && return 0
  printf '    FAILED; the end of .run/test/%s.log:\n' "$name"
  grep -E '^FAILED ' "$log" | head -20 | sed 's/^/    | /' || true
  printf '    | ...\n'
  tail -n "$tail_lines" "$log" | sed 's/^/    | /'
  return 1
}

run_tests() {
  local wanted=("$@") name number=0 started=$SECONDS broken=()
  total_passed=0 total_failed=0 total_skipped=0
  [ ${#wanted[@]} -gt 0 ] || mapfile -t wanted < <(stages)
  for name in "${wanted[@]}"; do
    [[ "$name" =~ ^[a-z0-9-]+$ && -f "$root/dev.d/test/$name.sh" ]] || die "there is no test stage '$name' (./dev test --list)"
  done
  mkdir -p "$log_dir"
  for name in "${wanted[@]}"; do
    number=$((number + 1))
    say "[$number/${#wanted[@]}] $name: $(about "$name")"
    run_stage "$name" || broken+=("$name")
  done
  say "${#wanted[@]} stages in $((SECONDS - started)) s${broken[*]:+; failed: ${broken[*]}}"
  printf '%d passed, %d failed, %d skipped\n' "$total_passed" "$total_failed" "$total_skipped"
  [ ${#broken[@]} -eq 0 ] && [ "$total_failed" -eq 0 ]
}

case "${1:-}" in
  --list) list_stages ;;
  -*) die "usage: ./dev test [--list] [STAGE...]" ;;
  *) run_tests "$@" ;;
esac
