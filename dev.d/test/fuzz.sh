#!/usr/bin/env bash
# 27: every fuzz target (parsers, rule loader, redactor) for a few seconds under AddressSanitizer and UndefinedBehaviorSanitizer; two million numbered inputs of event lines and recorded events
# lane: compilers
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/fuzzers.sh"

# The same inputs every time: what passed here passes elsewhere. `./dev fuzz` looks for new ones.
readonly inputs=(-seed=20261 -runs=3000 -max_total_time=40)
rm -rf "$corpus_dir"
install_packages build test fuzz
build_fuzzers
for target in $(fuzz_targets); do
  if run_fuzzer "$target" "${inputs[@]}" && [ "$(executed "$target")" -gt 0 ]; then
    pass "$target: $(executed "$target") inputs"
  else
    tail -60 "$corpus_dir/$target.log"
    fail "$target" "the input is in ${corpus_dir#"$root/"}/found"
  fi
done
# A second's worth; `./dev fuzz --runs` goes on.
build_runs
for target in $(runs_targets); do
  if said=$("$build_dir/$target" 2000000 2>&1); then pass "$target: $said"; else fail "$target" "$said"; fi
done
finish
