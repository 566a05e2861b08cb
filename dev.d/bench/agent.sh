#!/usr/bin/env bash
# The agent inside PHP: instructions and time per event, commit and request, against PHP code that does the same
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$root/dev.d/extension.sh"

install_packages build test bench
say 'building the extension and the measuring programs, optimised'
build_extension "$build_dir/ext" "$php_bin" >"$run_dir/bench-build.log" 2>&1 || die "the build failed (whole log: .run/bench-build.log)"
cmake -S "$root" -B "$build_dir" -G Ninja >>"$run_dir/bench-build.log"
ninja -C "$build_dir" -j "$jobs" bench_agent_commit bench_fcgi_client >>"$run_dir/bench-build.log"

mkdir -p "$run_dir/bench"
work=$(mktemp -d "${TMPDIR:-/tmp}/logystera-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
say 'measuring (about five minutes)'
php -n -d extension=posix "$root/bench/agent/run.php" --extension="$build_dir/ext/modules/logystera.so" --build="$build_dir" \
  --work="$work" --json="$run_dir/bench/agent.json" --fpm="$(php_tool php-fpm)" --cgi="$(php_tool php-cgi)" "$@"
