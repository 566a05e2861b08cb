#!/usr/bin/env bash
# 48: the PECL package holds everything: packed, unpacked elsewhere, phpize && ./configure && make && make install
# lane: compilers
source "$(dirname "$0")/../stage.sh"
install_packages build lint
source "$root/dev.d/extension.sh"

version=$(cat "$root/VERSION")
unpacked="$stage_dir/logystera-$version"

pack() {
  (cd "$stage_dir" && pear package "$root/package.xml") && tar -xzf "$stage_dir/logystera-$version.tgz" -C "$stage_dir"
}

build_as_the_readme_says() {
  cd "$unpacked" &&
    "$(php_tool phpize)" &&
    # Whether it builds is asked here, not how fast it runs.
    ./configure --with-php-config="$(php_tool php-config)" CXXFLAGS=-O0 &&
    make -j "$jobs" &&
    make install INSTALL_ROOT="$stage_dir/root"
}

check 'pear packs it' pack
check 'phpize && ./configure && make && make install' build_as_the_readme_says
module=$(find "$stage_dir/root" -name logystera.so)
check 'the installed module loads' "$php_bin" -n -d extension="$module" --ri logystera
check "it is version $version" test "$("$php_bin" -n -d extension="$module" -r 'echo phpversion("logystera");')" = "$version"
check 'it exports get_module alone' test "$(nm -D --defined-only "$module" | awk '$2 ~ /[TDBRVW]/ { print $3 }' | paste -sd' ')" = get_module
finish
