#!/usr/bin/env bash
# 48: the PECL package holds everything; the extension and the program are installed by pecl, PIE, make and CMake as docs/install.md says
# lane: compilers
source "$(dirname "$0")/../stage.sh"
install_packages build lint
source "$root/dev.d/debian.sh"
source "$root/dev.d/extension.sh"
source "$root/dev.d/documented.sh"

version=$(cat "$root/VERSION")
unpacked="$stage_dir/logystera-$version"
clone="$stage_dir/clone"
module="$(php-config --extension-dir)/logystera.so"
# What is looked at here is whether it builds, not how fast it runs.
export CXXFLAGS=-O0 CCACHE_DIR="${CCACHE_DIR:-$(ccache --get-config cache_dir)}"

copy_tracked() {
  mkdir -p "$clone"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    xargs -0 cp --parents --preserve=timestamps -t "$clone")
}

# aside DIRECTORY COMMAND...: runs it there as root; what it puts into /usr, /etc and /var is gone when it ends.
aside() {
  as_root unshare --mount --propagation private bash -euc '
    own=$1 inside=$2 tools=$3
    shift 3
    mkdir -p "$own"
    mount -t tmpfs tmpfs "$own"
    for place in usr etc var; do
      mkdir "$own/$place" "$own/.$place"
      mount -t overlay overlay -o "lowerdir=/$place,upperdir=$own/$place,workdir=$own/.$place" "/$place"
    done
    mkdir "$own/home"
    export HOME=$own/home PATH="$tools:$PATH"
    cd "$inside"
    exec "$@"
  ' aside "$stage_dir/aside" "$1" "$root/tests/e2e/deb" "${@:2}"
}

pack() {
  (cd "$stage_dir" && pear package "$root/package.xml") && tar -xzf "$stage_dir/logystera-$version.tgz" -C "$stage_dir"
}

# installed DIRECTORY COMMANDS [MORE]: runs them, then says which version of the extension loads and what it exports; then more.
installed() {
  MAKEFLAGS="-j$jobs" aside "$1" bash -euc "$2"'
    echo "version: $(php -n -d extension=logystera -r "echo phpversion(\"logystera\");")"
    echo "exports: $(nm -D --defined-only "$0" | awk "\$2 ~ /[TDBRVW]/ { print \$3 }" | paste -sd" ")"
    '"${3:-}" "$module"
}
# Said behind what takes it away.
gone='
test ! -e "$0" && echo "gone: yes"'
by_hand() { said=$(installed "$unpacked" "$(documented 'phpize')" "$(documented 'phpize-remove')$gone") || { echo "$said"; return 1; }; }
# A version before this one by its package's word, then this one.
by_pecl() {
  local said older='
    cp package.xml newer.xml
    sed -i "/^ <version>/,/^ <.version>/s/>[0-9.]*</>0.0.9</" package.xml'
  local newer='
    pecl list | sed -n "s/^logystera  */pecl: /p"
    mv newer.xml package.xml'
  said=$(installed "$clone" "$older
    $(documented 'pecl')$newer
    $(documented 'pecl-upgrade')
    pecl list | sed -n 's/^logystera  */pecl: /p'" "$(documented 'pecl-remove')$gone") || { echo "$said"; return 1; }
  holds "$said" "Logystera audit agent => $version" && holds "$said" "version: $version" && holds "$said" 'gone: yes' &&
    is "$(sed -n 's/^pecl: \([0-9.]*\) .*/\1/p' <<<"$said" | paste -sd' ')" "0.0.9 $version"
}
by_pie() {
  local said
  said=$(PIE_WORKING_DIRECTORY="$stage_dir/pie" installed "$clone" "$(documented 'pie')" "php -m
    $(documented 'pie-remove')$gone") || { echo "$said"; return 1; }
  holds "$said" "version: $version" && grep -qx logystera <<<"$said" && holds "$said" 'gone: yes'
}
# PIE: $LOGYSTERA_PIE, or the one of Packagist. Its command is put into $stage_dir/bin.
get_pie() {
  mkdir -p "$stage_dir/bin"
  if [ -z "${LOGYSTERA_PIE:-}" ]; then
    COMPOSER_ALLOW_SUPERUSER=1 composer create-project --no-interaction --no-dev --no-progress php/pie "$stage_dir/php-pie" >"$stage_dir/pie.log" 2>&1 ||
      { pie_refusal="Composer has no php/pie here: $(sed -n 's/^ *\(Could not find.*\)/\1/p' "$stage_dir/pie.log" | head -1)"; return 1; }
  fi
  printf '#!/bin/sh\nexec php "%s" "$@"\n' "${LOGYSTERA_PIE:-$stage_dir/php-pie/bin/pie}" >"$stage_dir/bin/pie"
  chmod +x "$stage_dir/bin/pie"
  export PATH="$stage_dir/bin:$PATH"
}
from_source() {
  local said
    said=$(aside "$root" bash -euc "$(documented 'source')"'
    stat -c "bytes: %s" /usr/local/bin/logystera
    readelf -S /usr/local/bin/logystera
    logystera --version
    cat /usr/local/lib/systemd/system/logystera-*.service
    ls /usr/local/etc/logystera /usr/local/share/doc/logystera /usr/local/share/man/man1
    '"$(documented 'source-remove')"'
    test -e /usr/local/etc/logystera/config.yaml
    test ! -e /usr/local/bin/logystera && test ! -e /usr/local/share/doc/logystera/LICENSE && echo "gone: yes"
  ') || { echo "$said"; return 1; }
  holds "$said" 'ExecStart=/usr/local/bin/logystera serve --config /usr/local/etc/logystera/config.yaml' && lacks "$said" ' .debug' && lacks "$said" ' .symtab' &&
    holds "$said" targets.yaml && holds "$said" LICENSE && holds "$said" logystera.1 && holds "$said" 'gone: yes' &&
    [ "$(sed -n 's/^bytes: //p' <<<"$said")" -le 8388608 ]
}

check 'pear packs it' pack
copy_tracked
if ! as_root true 2>/dev/null || ! aside / true; then
  skip 'installations' 'this machine does not allow mounts of its own (unshare --mount, overlay)'
  finish
fi
said=''
check 'phpize && ./configure && make && make install' by_hand
check "what is installed loads, and is version $version" holds "$said" "version: $version"
check 'it exports get_module alone' grep -qx 'exports: get_module' <<<"$said"
check 'what was installed by hand is gone again' holds "$said" 'gone: yes'
check 'pecl installs it, upgrades it, and takes it away' by_pecl
pie_refusal=''
if get_pie; then check 'PIE installs it, switched on, and takes it away' by_pie; else skip 'PIE installs it, switched on, and takes it away' "$pie_refusal"; fi
check 'CMake installs the program, small, and units that name where it is' from_source
finish
