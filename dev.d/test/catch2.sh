#!/usr/bin/env bash
# 20: every CMake test: the rooms' Catch2 suites
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/catch2.sh"

install_packages build test
cmake -S "$root" -B "$build_dir" -G Ninja
ninja -C "$build_dir" -j "$jobs"
run_ctest "$build_dir"
finish
