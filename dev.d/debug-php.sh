# Sourced: a debug, thread-safe PHP of the distribution's own version, built from the distribution's own source package.
# A debug build reports leaks and checks its structures; a thread-safe one shows globals that are not per thread.

# debug_php: builds it once per version, and of the way it is built here, into the user's cache, so that a new clone finds it.
# Prints that directory.
debug_php() {
  local source_name source_version dir how
  read -r source_name source_version < <(dpkg-query -W -f '${source:Package} ${source:Version}\n' "$(debian_php_package)")
  how=$(sha256sum <"${BASH_SOURCE[0]}" | cut -c 1-8)
  dir="${XDG_CACHE_HOME:-$HOME/.cache}/logystera/php-debug-zts-${source_version//[^0-9A-Za-z.+]/_}-$how"
  mkdir -p "$(dirname "$dir")"
  (
    flock 9
    [ ! -e "$dir/complete" ] || exit 0
    say "building a debug ZTS PHP from Debian's $source_name $source_version" >&2
    rm -rf "${dir%-*}"-*  # of another way
    mkdir -p "$dir"
    fetch_php_source "$source_name" "$source_version" "$dir" >&2
    (cd "$dir/src" && configure_and_make "$dir") >&2
    rm -rf "$dir/src"
    "$dir/bin/php" -n -v >/dev/null && [ -x "$dir/bin/phpize" ] && touch "$dir/complete"
  ) 9>"${dir%-*}.lock"
  [ -e "$dir/complete" ] || die "PHP could not be built in $dir"
  echo "$dir"
}

# debian_php_package: the package the php command is from, whatever its version.
debian_php_package() {
  local binary
  binary=$(readlink -f "$php_bin")
  dpkg-query -S "$binary" 2>/dev/null | cut -d: -f1 | head -1 | grep . || die "$binary is of no Debian package: its source cannot be found"
}

# fetch_php_source NAME VERSION DIR: unpacks it into DIR/src. The machine's own package lists are not touched: source
# lists of the same archives are kept in DIR/apt.
fetch_php_source() {
  local name=$1 version=$2 dir=$3 apt="$3/apt" keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed=''
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  [ ! -r "$keyring" ] || signed="[signed-by=$keyring] "
  apt-get indextargets --format '$(ORIGIN) $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sed -n "s|^Debian |deb-src $signed|p" | sort -u >"$apt/sources.list"
  [ -s "$apt/sources.list" ] || die "apt knows no Debian archive: check /etc/apt/sources.list.d"
  local options=(-o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$apt/lists"
    -o "Dir::Cache=$apt" -o APT::Sandbox::User=root -o Acquire::Languages=none)
  apt-get "${options[@]}" -qq update
  # A mirror may list a version whose source it does not hold (yet, or any more): then the next newest.
  local candidate
  for candidate in "$version" $(apt-cache "${options[@]}" showsrc --only-source "$name" | sed -n 's/^Version: //p' | sort -rV | uniq); do
    (cd "$apt" && apt-get "${options[@]}" -qq source --download-only "$name=$candidate") && break
    rm -f "$apt/$name"_*
  done
  compgen -G "$apt/${name}_*.dsc" >/dev/null || die "no source package of $name could be fetched"
  rm -rf "$dir/src"
  dpkg-source --no-check -x "$apt/$name"_*.dsc "$dir/src"
  rm -rf "$apt" "$dir/$name"_*.orig.tar.*
}

# configure_and_make PREFIX: nothing but what phpt/ needs beyond the core.
configure_and_make() {
  # The release tarball brings the generated parsers; a patch that is newer than them would ask for re2c and bison.
  find . \( -name '*_parser.[ch]' -o -name '*_scanner.[ch]' -o -name '*_scanner_defs.h' -o -name 'configure' \
    -o -name '*_arginfo.h' -o -name 'main/php_config.h.in' \) -exec touch {} +
  # Debian's patches leave a name for its packaging to fill in, in the middle of the paths phpize looks at.
  grep -rlF '/@DEBIAN_PHP_API@' . --include='*.in' --include='Makefile*' --include=configure | xargs -r sed -i 's|/@DEBIAN_PHP_API@||g'
  local options=(--prefix="$1" --disable-all --enable-debug --enable-zts --enable-cli --disable-cgi --disable-phpdbg
    --enable-pcntl --enable-posix --enable-pdo --enable-ctype --enable-tokenizer --without-pear
    --enable-opcache --disable-opcache-jit)
  if [ -f /usr/include/sqlite3.h ]; then options+=(--with-pdo-sqlite); fi
  ./configure -q "${options[@]}" CFLAGS='-O0 -g' CXXFLAGS='-O0 -g'
  make -s -j "$jobs"
  make -s install-cli install-build install-headers install-programs
  # Debian's phpize takes libtool's and pkg-config's macros from beside the PHP it belongs to.
  mkdir -p "$1/share"
  ln -sfn /usr/share/aclocal "$1/share/aclocal"
}
