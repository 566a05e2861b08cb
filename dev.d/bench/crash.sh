#!/usr/bin/env bash
# A gateway killed some 1,150 times at named points under a load of a million events, against the same undisturbed: ./dev bench crash [KILLS [EVENTS [SEED]]]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

install_packages build
build_for_bench logystera_killable
# On the disk of the checkout: what is in memory alone dies with nobody.
work=$(mktemp -d "$run_dir/bench/crash-XXXXXX")
trap 'rm -rf "$work"' EXIT
"$root/tests/e2e/crash/campaign.py" "$build_dir/logystera_killable" "$work" "${1:-200}" "${2:-1050000}" "${3:-1}"
