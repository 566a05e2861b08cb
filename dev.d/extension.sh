# Sourced: builds logystera.so with phpize in a directory of its own, so that the checkout stays as git left it.

php_bin=$(command -v "${PHP:-php}") || die "there is no '${PHP:-php}' command: ./dev install-deps build"

# php_tool NAME [PHP]: phpize, php-config or php-fpm of the same version as that PHP.
php_tool() {
  local php=${2:-$php_bin} version candidate
  version=$("$php" -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
  for candidate in "$(dirname "$php")/$1$version" "$(dirname "$php")/$1" "/usr/sbin/$1$version" "$(command -v "$1" || true)"; do
    [ -x "$candidate" ] && { echo "$candidate"; return 0; }
  done
  die "there is no $1 for PHP $version"
}

# build_extension DIR [PHP [CONFIGURE OPTION...]]: copies the sources there, configures once (again when config.m4, the PHP
# or the options change) and makes DIR/modules/logystera.so. Its directory is what run-tests.php runs in.
build_extension() {
  local dir=$1 php=${2:-$php_bin} stamp compiler=g++ c_compiler=gcc
  shift $(($# < 2 ? $# : 2))
  mkdir -p "$dir"
  copy_extension_sources "$dir"
  if command -v ccache >/dev/null; then compiler='ccache g++' c_compiler='ccache gcc'; fi
  stamp="$(sha256sum <"$root/config.m4") $("$php" -n -i | grep -E '^(PHP Version|PHP API|Thread Safety|Debug Build)' | tr '\n' ' ') $*"
  if [ ! -f "$dir/Makefile" ] || [ "$(cat "$dir/.configured" 2>/dev/null)" != "$stamp" ]; then
    (
      cd "$dir" || exit
      [ ! -f Makefile ] || make -s distclean || true
      "$(php_tool phpize "$php")"
      ./configure --with-php-config="$(php_tool php-config "$php")" CC="$c_compiler" CXX="$compiler" --enable-logystera-symbols "$@"
      printf '%s' "$stamp" >.configured
    )
  fi
  # One checkout, wherever it lies, answers for another.
  CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1 make -C "$dir" -j "$jobs"
  [ -f "$dir/modules/logystera.so" ] || die "the build in $dir made no modules/logystera.so"
}

# copy_extension_sources DIR: unchanged files keep their time for make; removed ones must not linger (a deleted test would
# still run, a deleted header still be found).
copy_extension_sources() {
  local dir=$1 parts=(config.m4 Makefile.frag php_logystera.h VERSION signals.json stubs src/core src/agent src/extension)
  [ ! -d "$root/phpt" ] || parts+=(phpt)
  (cd "$root" && find "${parts[@]}" -type f ! -name '*.out' ! -name '*.diff' ! -name '*.log' ! -name '*.exp' | sort) >"$dir/.files"
  (cd "$dir" && find stubs phpt src -type f \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name '*.phpt' -o -name '*.inc' \) \
    2>/dev/null | sort | comm -13 .files - >.removed || true
    # make knows no rule for a header that is gone: what was compiled with it is compiled again.
    if [ -s .removed ]; then
      grep -rlF -f .removed --include='*.dep' src | sed 'p; s/dep$/lo/' | xargs -r rm -f || true
      xargs -r rm -f <.removed
    fi)
  (cd "$root" && xargs -r cp -u --parents --preserve=timestamps -t "$dir" <"$dir/.files")
}
