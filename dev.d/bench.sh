# ./dev bench [--list | NAME [ARGUMENT...]]: measures. Without a name, every benchmark one after the other.
#
# A benchmark is dev.d/bench/NAME.sh; its second line says what it shows. It prints a table and writes .run/bench/NAME.json.
# Figures mean something on a machine that does nothing else; what a benchmark claims, it compares within one run.

bench_names() { (cd "$root/dev.d/bench" && compgen -G '*.sh' | sed 's/\.sh$//' | sort); }

list_benchmarks() {
  local name
  for name in $(bench_names); do printf '  %-12s %s\n' "$name" "$(sed -n '2s/^# *//p' "$root/dev.d/bench/$name.sh")"; done
}

run_benchmark() {
  local name=$1
  shift
  [[ "$name" =~ ^[a-z0-9-]+$ && -f "$root/dev.d/bench/$name.sh" ]] || die "there is no benchmark '$name' (./dev bench --list)"
  say "bench $name"
  bash "$root/dev.d/bench/$name.sh" "$@"
}

bench() {
  local name failed=()
  mkdir -p "$run_dir/bench"
  if [ $# -gt 0 ]; then
    run_benchmark "$@"
    return
  fi
  for name in $(bench_names); do run_benchmark "$name" || failed+=("$name"); done
  [ ${#failed[@]} -eq 0 ] || die "these ended with an error: ${failed[*]}"
}

case "${1:-}" in
  --list) list_benchmarks ;;
  -*) die 'usage: ./dev bench [--list | NAME [ARGUMENT...]]' ;;
  *) bench "$@" ;;
esac
