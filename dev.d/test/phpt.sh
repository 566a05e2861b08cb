#!/usr/bin/env bash
# 40: the extension's phpt suite on the distribution's PHP
source "$(dirname "$0")/../stage.sh"
install_packages build test
source "$root/dev.d/extension.sh"
source "$root/dev.d/phpt.sh"

locked build-ext build_extension "$build_dir/ext"
run_phpt "$build_dir/ext" "$php_bin"
finish
