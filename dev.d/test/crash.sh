#!/usr/bin/env bash
# 27: a gateway with detection, alerts and messages, killed at named points under load, against the same load undisturbed
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build
build_targets logystera_killable
# KILLS at each point and EVENTS in all: ./dev bench crash has the long way.
timeout 900 "$root/tests/e2e/crash/campaign.py" "$build_dir/logystera_killable" "$stage_dir/work" 6 45000 | tee "$stage_dir/checks" || true
summary=$(tail -1 "$stage_dir/checks")
read -r -a counts <<<"$(tr -cd '0-9 \n' <<<"$summary")"
[ ${#counts[@]} -eq 3 ] || { echo "the checks stopped before their summary" >&2; exit 1; }
tally "${counts[@]}"
finish
