#!/usr/bin/env bash
# 20: every CMake test: the rooms' Catch2 suites
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/catch2.sh"

install_packages build test
build_targets
run_ctest "$build_dir"
finish
