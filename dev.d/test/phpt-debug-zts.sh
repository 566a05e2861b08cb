#!/usr/bin/env bash
# 45: the phpt suite on a debug, thread-safe PHP of the same version; a leak is a failure
# lane: compilers
source "$(dirname "$0")/../stage.sh"
install_packages build test
source "$root/dev.d/extension.sh"
source "$root/dev.d/phpt.sh"
source "$root/dev.d/debug-php.sh"

debug_dir=$(debug_php)
build_extension "$build_dir/ext-debug-zts" "$debug_dir/bin/php" CXXFLAGS='-O1 -g'
run_phpt "$build_dir/ext-debug-zts" "$debug_dir/bin/php" -d zend.assertions=1 -d report_memleaks=1
finish
