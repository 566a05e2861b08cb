#!/usr/bin/env bash
# 50: lines of src/core and src/agent that Catch2 and phpt together reach; under 90 % fails
# lane: compilers
source "$(dirname "$0")/../stage.sh"
install_packages build test coverage
source "$root/dev.d/catch2.sh"
source "$root/dev.d/extension.sh"
source "$root/dev.d/phpt.sh"

least_percent=90
program="$build_dir/coverage"
extension="$build_dir/ext-coverage"

# Both builds are measured on their own; their reports name the files alike (src/core/…) and are added up.
measure() {  # ROOT OBJECTS REPORT
  gcovr --root "$1" --filter "$1/src/core/" --filter "$1/src/agent/" --exclude-throw-branches --exclude-unreachable-branches \
    --json "$3" "$2"
}

cmake -S "$root" -B "$program" -G Ninja -DLOGYSTERA_COVERAGE=ON
ninja -C "$program" -j "$jobs" test_core test_agent
find "$program" -name '*.gcda' -delete
run_ctest "$program" --tests-regex '^(core|agent)$'
measure "$root" "$program" "$stage_dir/catch2.json"

build_extension "$extension" "$php_bin" --enable-logystera-coverage
find "$extension" -name '*.gcda' -delete
run_phpt "$extension" "$php_bin"
measure "$extension" "$extension" "$stage_dir/phpt.json"

# The tests have been counted by the stages before; here they only have to pass.
[ "$failed" -eq 0 ] || finish
passed=0 skipped=0

gcovr --root "$root" --add-tracefile "$stage_dir/catch2.json" --add-tracefile "$stage_dir/phpt.json" \
  --txt "$stage_dir/lines.txt" --json-summary "$stage_dir/summary.json"
cat "$stage_dir/lines.txt"
percent=$(php -r 'echo json_decode(file_get_contents($argv[1]))->line_percent;' -- "$stage_dir/summary.json")
what="$percent % of the lines of src/core and src/agent are covered"
if php -r 'exit($argv[1] >= $argv[2] ? 0 : 1);' -- "$percent" "$least_percent"; then pass "$what"; else fail "$what" "at least $least_percent % are asked for"; fi
finish
