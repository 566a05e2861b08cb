#!/usr/bin/env bash
# 60: a plain PHP site under nginx and FPM, the gateway and the dispatcher, and the faults that need real servers
# lane: servers
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/cases.sh"

install_packages build test site faults
"$root/dev" build ext program
run_cases "$root/tests/e2e/plain/cases" "$run_dir/e2e/plain"
finish
