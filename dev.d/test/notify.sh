#!/usr/bin/env bash
# 26: messages about alerts: a mail server with STARTTLS and AUTH, HTTPS servers in every kind of trouble, kill -9 between answer and note
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build notify
"$root/dev" build program
if timeout 1200 "$root/tests/e2e/notify/check.py" "$build_dir/logystera" "$stage_dir/work" | tee "$stage_dir/checks"; then :; fi
summary=$(tail -1 "$stage_dir/checks")
read -r -a counts <<<"$(tr -cd '0-9 \n' <<<"$summary")"
[ ${#counts[@]} -eq 3 ] || { echo "the checks stopped before their summary" >&2; exit 1; }
tally "${counts[@]}"
finish
