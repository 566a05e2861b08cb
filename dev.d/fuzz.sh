# ./dev fuzz [SECONDS [TARGET...]]: runs the fuzz targets of tests/fuzz, each for that long (600), as many at once as there are
# processors. What is found lies in .run/fuzz/found; what the targets learned, in .run/fuzz, is where the next run begins.
#
# ./dev fuzz --runs COUNT [TARGET...]: the programs that go through numbered inputs, one after the other, COUNT inputs each. A billion
# takes 10 to 20 minutes; an interrupt ends one with what it did. `build/TARGET COUNT FIRST` goes on from there.
source "$root/dev.d/fuzzers.sh"

fuzz() {
  local seconds=${1:-600} target failed=() pids=() running
  [[ "$seconds" =~ ^[1-9][0-9]{0,6}$ ]] || die 'usage: ./dev fuzz [SECONDS [TARGET...]]'
  shift $(($# > 0))
  local targets=("$@") known
  mapfile -t known < <(fuzz_targets)
  [ ${#targets[@]} -gt 0 ] || targets=("${known[@]}")
  for target in "${targets[@]}"; do
    [[ " ${known[*]} " == *" $target "* ]] || die "there is no fuzz target '$target'; there are ${known[*]}"
  done
  install_packages build test fuzz
  say 'building the fuzz targets'
  quietly 'clang, sanitizers' "$run_dir/build-fuzz.log" build_fuzzers
  say "fuzzing ${#targets[@]} targets, $seconds s each"
  for ((running = 0; running < ${#targets[@]}; running += jobs)); do
    pids=()
    for target in "${targets[@]:running:jobs}"; do
      run_fuzzer "$target" -max_total_time="$seconds" &
      pids+=("$target $!")
    done
    for known in "${pids[@]}"; do
      target=${known% *}
      if wait "${known#* }"; then
        printf '    %-20s nothing found in %s inputs\n' "$target" "$(executed "$target")"
      else
        failed+=("$target")
        printf '    %-20s FOUND SOMETHING\n' "$target"
        tail -40 "$corpus_dir/$target.log" >&2
      fi
    done
  done
  [ ${#failed[@]} -eq 0 ] || die "found by ${failed[*]}: the inputs are in .run/fuzz/found, the logs in .run/fuzz"
}

numbered_runs() {
  local count=${1:-} known failed=()
  [[ "$count" =~ ^[1-9][0-9]{0,12}$ ]] || die 'usage: ./dev fuzz --runs COUNT [TARGET...]'
  shift
  local targets=("$@")
  mapfile -t known < <(runs_targets)
  [ ${#targets[@]} -gt 0 ] || targets=("${known[@]}")
  install_packages build test
  local target
  for target in "${targets[@]}"; do
    [[ " ${known[*]} " == *" $target "* ]] || die "there is no such program '$target'; there are ${known[*]}"
  done
  say 'building the programs'
  quietly ninja "$run_dir/build-runs.log" build_runs
  for target in "${targets[@]}"; do
    printf '    %-20s ' "$target"
    "$build_dir/$target" "$count" || failed+=("$target")
  done
  [ ${#failed[@]} -eq 0 ] || die "failed: ${failed[*]}"
}

if [ "${1:-}" = --runs ]; then
  numbered_runs "${@:2}"
else
  fuzz "$@"
fi
