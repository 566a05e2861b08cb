#!/usr/bin/env bash
# 24: the assistant against models of three providers: no planted value of any kind reaches one, by any command or the browser's button
source "$(dirname "$0")/../stage.sh"
install_packages build test assist
"$root/dev" build program
if "$root/tests/e2e/assist/check.py" "$build_dir/logystera" "$stage_dir/work" | tee "$stage_dir/checks"; then :; fi
summary=$(tail -1 "$stage_dir/checks")
read -r -a counts <<<"$(tr -cd '0-9 \n' <<<"$summary")"
[ ${#counts[@]} -eq 3 ] || { echo "the checks stopped before their summary" >&2; exit 1; }
tally "${counts[@]}"
finish
