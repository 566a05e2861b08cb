# Sourced: builds the fuzz targets of tests/fuzz with clang, AddressSanitizer and UndefinedBehaviorSanitizer, gathers what they
# start from, and runs them.

fuzz_dir="$build_dir/fuzz"
corpus_dir="$run_dir/fuzz"  # what a run found new stays there for the next one

fuzz_targets() { (cd "$root/tests/fuzz" && compgen -G '*_fuzz.cpp' | sed 's/^\(.*\)_fuzz\.cpp$/fuzz_\1/' | sort); }

# A compiler cache would do, but not precompiled by another compiler: this build has a directory of its own.
build_fuzzers() {
  cmake -S "$root" -B "$fuzz_dir" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DLOGYSTERA_FUZZERS=ON -DLOGYSTERA_SANITIZE=ON
  # shellcheck disable=SC2046  # a list of targets
  ninja -C "$fuzz_dir" -j "$jobs" $(fuzz_targets)
}

# seeds_of TARGET: files to start from, the project's own first, then real data where it is at hand.
seeds_of() {
  local data=${LOGYSTERA_DATA:-$root/../shared/data}
  [ -d "$data" ] || data=''
  case "$1" in
    fuzz_rules) printf '%s\n' "$root"/rules/*; [ -z "$data" ] || find "$data/sigma" -name '*.yml' -size -8k 2>/dev/null | sort | awk 'NR % 20 == 1' ;;
    fuzz_plugin) printf '%s\n' "$root"/tests/data/plugins/*.lua ;;
    fuzz_query) ;;
    fuzz_filter) printf '%s\n' "$root"/tests/data/filter/* ;;
    fuzz_server_path) ;;  # bytes as a sender may send them; routes are found within seconds
    fuzz_parse_format) printf '%s\n' "$root"/formats/*.json ;;
    fuzz_parse_evtx) [ -z "$data" ] || find "$data/evtx" -name '*.evtx' -size -200k 2>/dev/null | sort | awk 'NR % 10 == 1' ;;
    *) printf '%s\n' "$root"/formats/*.json; [ -z "$data" ] || find "$data/weblogs" "$data/pii" -type f -size -64k 2>/dev/null | sort | awk 'NR % 5 == 1' ;;
  esac
}

# run_fuzzer TARGET OPTION...: false when it found something; the input that shows it lies beside the log then.
run_fuzzer() {
  local target=$1 seeds="$corpus_dir/$1.seeds" seed
  shift
  rm -rf "$seeds"
  mkdir -p "$seeds" "$corpus_dir/$target" "$corpus_dir/found"
  while read -r seed; do [ ! -f "$seed" ] || cp "$seed" "$seeds/$(printf '%s' "$seed" | sha256sum | cut -c 1-16)"; done < <(seeds_of "$target")
  ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
    "$fuzz_dir/$target" "$@" -timeout=20 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$corpus_dir/found/$target-" "$corpus_dir/$target" "$seeds" >"$corpus_dir/$target.log" 2>&1
}

# Numbered inputs, a hundred times as many a second: tests/fuzz/*_runs.cpp, in the ordinary build.
runs_targets() { (cd "$root/tests/fuzz" && compgen -G '*_runs.cpp' | sed 's/^\(.*\)_runs\.cpp$/runs_\1/' | sort); }

build_runs() {
  # shellcheck disable=SC2046  # a list of targets
  build_targets $(runs_targets)
}

# executed TARGET: how many inputs the last run tried.
executed() { sed -n 's/^stat::number_of_executed_units: *//p' "$corpus_dir/$1.log"; }
