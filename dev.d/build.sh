# ./dev build [ext] [program | all]: the extension into build/ext/modules/logystera.so, the program (all: and every test) into
# build/. Without arguments ext and all.

build_ext() {
  source "$root/dev.d/extension.sh"
  say "building the extension for PHP $("$php_bin" -n -r 'echo PHP_VERSION;') in build/ext/"
  quietly 'phpize, configure, make' "$run_dir/build-ext.log" locked build-ext build_extension "$build_dir/ext"
  "$php_bin" -n -d extension="$build_dir/ext/modules/logystera.so" -r 'echo "    it loads: logystera ", phpversion("logystera"), "\n";'
}

# build_program WHAT [TARGET...]
build_program() {
  say "building $1 in build/"
  quietly 'cmake, ninja' "$run_dir/build-program.log" build_targets "${@:2}"
}

build() {
  local part
  [ $# -gt 0 ] || set -- ext all
  install_packages build test
  for part in "$@"; do
    case "$part" in
      ext) build_ext ;;
      program) build_program 'the program' logystera logystera_shared ;;
      all) build_program 'the program and all tests' ;;
      *) die 'usage: ./dev build [ext] [program | all]' ;;
    esac
  done
}

build "$@"
