# Sourced by stages: runs end-to-end cases, each a script of its own with a state directory of its own.

# run_cases DIR STATE: a case ends with 0 (passed), 77 (this machine cannot: its last line says why), or anything else.
# CASES="one two" runs only those.
run_cases() {
  local script name status log started
  for script in "$1"/*.sh; do
    name=$(basename "$script" .sh)
    [[ -z "${CASES:-}" || " $CASES " == *" $name "* ]] || continue
    log="$stage_dir/$name.log" status=0 started=$SECONDS
    bash -eu "$script" "$2/$name" >"$log" 2>&1 </dev/null || status=$?
    case "$status" in
      0) pass "$name ($((SECONDS - started)) s): $(sed -n '2s/^# //p' "$script")" ;;
      77) skip "$name" "$(tail -1 "$log")" ;;
      *) fail "$name" "exit status $status; $(tail -1 "$log")" ;;
    esac
    sed 's/^/        /' "$log"
  done
}
