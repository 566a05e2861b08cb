#!/usr/bin/env bash
# 10: the extension and the program build
source "$(dirname "$0")/../stage.sh"

check 'the extension builds with phpize and loads' "$root/dev" build ext
check 'the program and its tests build with CMake' "$root/dev" build all
finish
