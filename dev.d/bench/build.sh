#!/usr/bin/env bash
# Processor seconds of a clean build, program and tests, and the files that take most: ./dev bench build [ROUNDS [COMMIT]]
source "$(dirname "$0")/../lib.sh"

rounds=${1:-3} peer=${2:-}
whole_numbers './dev bench build [ROUNDS [COMMIT]]   (COMMIT, like the last release, is built in turns)' "$rounds"
install_packages build test bench
mkdir -p "$run_dir/bench"
work="$run_dir/bench/build"
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT

# The sources without what lies beside them: of the checkout as it is, and of the commit to compare it with.
mkdir "$work/this"
(cd "$root" && git ls-files --cached --others --exclude-standard -z | xargs -0 sh -c 'for file; do [ ! -f "$file" ] || printf "%s\0" "$file"; done' _ |
  xargs -0 cp --parents -t "$work/this")
trees=(this)
if [ -n "$peer" ]; then
  git -C "$root" rev-parse --verify --quiet "$peer^{commit}" >/dev/null || die "there is no commit '$peer' in this clone"
  mkdir "$work/peer"
  git -C "$root" archive "$peer" | tar -x -C "$work/peer"
  trees+=(peer)
fi

# clean_build TREE ROUND: the program, then everything else (the tests). Each compilation is a line of files.tsv; the linker's and
# ninja's time is in the sums alone. Processor seconds, since the clock on the wall tells of the neighbours.
clean_build() {
  local tree=$1 build="$work/$1-build" part
  rm -rf "$build"
  # In place of ccache, which would answer from its memory.
  cmake -S "$work/$tree" -B "$build" -G Ninja \
    -DCCACHE="/usr/bin/time;-a;-o;$work/files.tsv;-f;$tree %U %S %M %C" >"$work/cmake.log" 2>&1 || { tail -5 "$work/cmake.log" >&2; die "cmake failed in $tree"; }
  for part in logystera all; do
    CCACHE_DISABLE=1 /usr/bin/time -a -o "$work/builds.tsv" -f "$tree $part %U %S" \
      ninja -C "$build" -j "$jobs" "$part" >"$work/ninja.log" 2>&1 || { tail -20 "$work/ninja.log" >&2; die "the build of $tree failed"; }
  done
}

for ((round = 1; round <= rounds; round++)); do
  for tree in "${trees[@]}"; do
    say "round $round of $rounds: $tree"
    clean_build "$tree"
  done
done
php -n "$root/bench/build/report.php" "$work" "$run_dir/bench/build.json" "${peer:+$(git -C "$root" rev-parse --short "$peer")}"
