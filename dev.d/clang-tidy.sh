# Sourced: clang-tidy over sources of src/, as .clang-tidy says; which version decides, and with which compile commands.

clang_tidy_version=14  # Debian 12's
tidy_dir="$run_dir/tidy"
# Every room of src/.
tidy_rooms=(agent analysis assist cli core detect extension gateway net parse plugin redact report server simd source store web yaml)

# Sources and headers of them that clang cannot read: the coroutines of Boost 1.74's Asio are GCC's alone with libstdc++.
tidy_passed_over='^src/server/(answer_writer\.[ch]pp|asio\.hpp|connection\.[ch]pp|http\.cpp|on_workers\.[ch]pp|socket_stream\.[ch]pp)$'

check_clang_tidy_version() {
  local version
  version=$(clang-tidy --version | grep -oE 'version [0-9]+' | grep -oE '[0-9]+' | head -1)
  [ "$version" = "$clang_tidy_version" ] && return 0
  clang_tidy_refusal="clang-tidy $version is here, $clang_tidy_version decides"
  return 1
}

# tidy_commands: → $tidy_dir/compile_commands.json: CMake's commands, each source once and without what clang has not, and
# those of src/extension, which phpize builds.
tidy_commands() {
  cmake -S "$root" -B "$tidy_dir/cmake" -G Ninja -DLOGYSTERA_PRECOMPILE=OFF >/dev/null || return 1
  php -r '
    [, $root, $commands, $includes] = $argv;
    $by_file = [];
    foreach (json_decode(file_get_contents($commands), true) as $one) {
      $one["command"] = preg_replace("/ -(fno-gnu-unique|fstack-clash-protection|ftrivial-auto-var-init=\S+)/", "", $one["command"]);
      $by_file[$one["file"]] ??= $one;
    }
    foreach (glob("$root/src/extension/*.cpp") as $file) {
      $command = "c++ -std=c++17 -O2 -Wall -Wextra -DZEND_ENABLE_STATIC_TSRMLS_CACHE=1 -DCOMPILE_DL_LOGYSTERA -DLOGYSTERA_VERSION=\\\"0\\\" -I$root/src -I$root ";
      // PHP'\''s own headers are not ours to tidy.
      $by_file[$file] = ["directory" => $root, "file" => $file, "command" => $command . str_replace("-I", "-isystem ", $includes) . " -c $file"];
    }
    echo json_encode(array_values($by_file), JSON_UNESCAPED_SLASHES);
  ' -- "$root" "$tidy_dir/cmake/compile_commands.json" "$(php-config --includes)" >"$tidy_dir/compile_commands.json"
}

# tidy_files FILE...: relative to the root; prints what is found, and fails when that is anything.
tidy_files() {
  mkdir -p "$tidy_dir"
  tidy_commands || return 1
  (cd "$root" && printf '%s\n' "$@" | xargs -d '\n' -n 1 -P "$jobs" clang-tidy -p "$tidy_dir" --quiet 2>/dev/null)
}

# tidied_files ENDING...: those of the rooms.
tidied_files() {
  local patterns
  mapfile -t patterns < <(room_patterns "$@")
  git -C "$root" ls-files --cached --others --exclude-standard -- "${patterns[@]}" | existing
}

room_patterns() {
  local room ending
  for room in "${tidy_rooms[@]}"; do for ending in "$@"; do printf 'src/%s/*%s\n' "$room" "$ending"; done; done
}

# changed_files: sources and headers of the rooms that differ from where this branch left main, or from the last commit on main itself.
changed_files() {
  local base='' main patterns
  mapfile -t patterns < <(room_patterns .cpp .hpp)
  for main in origin/main main; do
    base=$(git -C "$root" merge-base HEAD "$main" 2>/dev/null) && break
  done
  [ -n "$base" ] && [ "$base" != "$(git -C "$root" rev-parse HEAD)" ] || base=$(git -C "$root" rev-parse --verify --quiet HEAD~1) || base=HEAD
  { git -C "$root" diff --name-only "$base" -- "${patterns[@]}"
    git -C "$root" ls-files --others --exclude-standard -- "${patterns[@]}"; } | sort -u | existing
}

existing() { while read -r file; do [ ! -f "$root/$file" ] || [[ $file =~ $tidy_passed_over ]] || echo "$file"; done; }
