# ./dev package deb [SUITE...]: Debian packages for bookworm and trixie, or the suites that are named, in .run/package/SUITE/. Each is built
# in a Debian of its release, made with debootstrap. DEB_BUILD_OPTIONS as dpkg-buildpackage has it, by default without debug packages.
source "$root/dev.d/deb.sh"

package_deb() {
  local suite
  [ $# -gt 0 ] || set -- "${deb_suites[@]}"
  for suite in "$@"; do
    [[ " ${deb_suites[*]} " = *" $suite "* ]] || die "packages are made for ${deb_suites[*]}, not for '$suite'"
    say "packages for $suite"
    quietly "a Debian ($suite), dpkg-buildpackage" "$run_dir/package-$suite.log" build_or_say "$suite"
    (cd "$run_dir/package/$suite" && stat --printf '    %s bytes  .run/package/'"$suite"'/%n\n' ./*.deb | sed 's|/\./|/|')
  done
}
build_or_say() { build_debs "$1" || die "${deb_refusal:-the packages for $1 were not built}"; }

case "${1:-}" in
  deb) package_deb "${@:2}" ;;
  *) die 'usage: ./dev package deb [bookworm] [trixie]' ;;
esac
