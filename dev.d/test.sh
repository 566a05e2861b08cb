# ./dev test [--list] [STAGE...]: runs the test stages and adds up what they report. LOGYSTERA_LANES=1: one after the other.
#
# A stage is dev.d/test/NAME.sh (see dev.d/stage.sh). Its whole output goes to .run/test/NAME.log; here one line a stage,
# the reasons of skips, and the end of the log of a stage that failed. The last line is the sum, alone on its line.
# A stage whose lane is "by name" takes so long that it runs only when it is named.

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

# lane NAME: the lane its third line names ("# lane: servers"); nothing: it runs while no other does.
lane() { sed -n '3s/^# lane: *//p' "$root/dev.d/test/$1.sh"; }

# usual_stages: those that run when none is named.
usual_stages() {
  local name
  for name in $(stages); do [ "$(lane "$name")" = 'by name' ] || echo "$name"; done
}

# run_stage NAME: runs it; its counts go to $log_dir/NAME.counts; returns whether it went well.
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
  echo "${counts[*]}" >"$log_dir/$name.counts"
  printf '    %s: %s  (%d s)\n' "$name" "$summary" $((SECONDS - started))
  sed -n 's/^skipped /    skipped: /p' "$log"
  [ "$status" -eq 0 ] && return 0
  printf '    FAILED; the end of .run/test/%s.log:\n' "$name"
  grep -E '^FAILED ' "$log" | head -20 | sed 's/^/    | /' || true
  printf '    | ...\n'
  tail -n "$tail_lines" "$log" | sed 's/^/    | /'
  return 1
}

# run_lane STAGE...: one after the other. What comes of a stage is said in one piece, since others speak beside it.
run_lane() {
  local name said
  for name in "$@"; do
    say "$name: $(about "$name")"
    said=$(run_stage "$name") || true
    printf '%s\n' "$said"
  done
}

run_tests() {
  local wanted=("$@") name started=$SECONDS broken=() counts total=(0 0 0)
  [ ${#wanted[@]} -gt 0 ] || mapfile -t wanted < <(usual_stages)
  for name in "${wanted[@]}"; do
    [[ "$name" =~ ^[a-z0-9-]+$ && -f "$root/dev.d/test/$name.sh" ]] || die "there is no test stage '$name' (./dev test --list)"
  done
  mkdir -p "$log_dir"
  rm -f "$log_dir"/*.counts
  local alone=() compilers=() servers=()
  for name in "${wanted[@]}"; do
    case "$(lane "$name")" in
      compilers) compilers+=("$name") ;;
      servers) servers+=("$name") ;;
      *) alone+=("$name") ;;
    esac
  done
  # First what others build on, then two lanes side by side: one keeps the processors busy, the other mostly waits for what it has
  # started and goes first when both want to run.
  run_lane "${alone[@]}"
  if [ "${LOGYSTERA_LANES:-2}" -eq 1 ]; then
    run_lane "${compilers[@]}" "${servers[@]}"
  else
    local beside
    set -m  # a process group of its own, so that it can be ended as a whole
    (renice -n 10 "$BASHPID" >/dev/null 2>&1 || true; run_lane "${compilers[@]}") &
    beside=$!
    set +m
    # shellcheck disable=SC2064  # the number it has now
    trap "kill -TERM -- -$beside 2>/dev/null; exit 130" INT TERM
    run_lane "${servers[@]}"
    wait "$beside" || true
    trap - INT TERM
  fi
  for name in "${wanted[@]}"; do
    read -r -a counts <"$log_dir/$name.counts" || counts=(0 1 0)
    total=($((total[0] + counts[0])) $((total[1] + counts[1])) $((total[2] + counts[2])))
    [ "${counts[1]}" -eq 0 ] || broken+=("$name")
  done
  say "${#wanted[@]} stages in $((SECONDS - started)) s${broken[*]:+; failed: ${broken[*]}}"
  printf '%d passed, %d failed, %d skipped\n' "${total[@]}"
  [ ${#broken[@]} -eq 0 ] && [ "${total[1]}" -eq 0 ]
}

case "${1:-}" in
  --list) list_stages ;;
  -*) die "usage: ./dev test [--list] [STAGE...]" ;;
  *) run_tests "$@" ;;
esac
