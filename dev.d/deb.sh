# Sourced: Debian packages, each built in a Debian of its release, whose libraries it is linked with.
#
#   build_debs SUITE [VERSION]   packages of the checkout → $run_dir/package/SUITE; with a VERSION, packages that call themselves that
#                                and have a configuration of their own (to upgrade from) → $run_dir/package/SUITE-VERSION
#   $deb_refusal                 why they cannot be built
#
# The Debian is made once: trixie is the one of trixie.sh, others live beside it. So does what was built; the compiler's cache
# is this machine's where root has one.
source "$root/dev.d/trixie.sh"

readonly deb_suites=(bookworm trixie)
deb_refusal=''

# deb_house SUITE: makes the Debian packages are built in, and has it for itself until $deb_lock is closed → $builder
deb_house() {
  local suite=$1 variable="LOGYSTERA_${1^^}"
  deb_refusal=''
  builder=${!variable:-${XDG_CACHE_HOME:-$HOME/.cache}/logystera/$suite}
  mkdir -p "$(dirname "$builder")"
  exec {deb_lock}>"$builder.lock"
  flock "$deb_lock"
  if [ "$suite" = trixie ]; then
    make_trixie || deb_refusal=$trixie_refusal
  else
    make_debian "$suite" "$builder" "$variable" || deb_refusal=$debian_refusal
  fi
  [ -z "$deb_refusal" ]
}

build_debs() {
  local suite=$1 version=${2:-} results="$run_dir/package/$1${2:+-$2}" place source
  deb_house "$suite" || return 1
  place=/srv/logystera-deb-$(printf '%s' "$root" | sha256sum | cut -c 1-12)
  source="$builder$place/source"
  as_root mkdir -p "$source"
  as_root find "$builder$place" -mindepth 1 -maxdepth 1 -type f -delete
  as_root find "$source" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  # Times are kept: what was built of an unchanged file is not built again.
  (cd "$root" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar -cf - --null --no-recursion -T -) | as_root tar -C "$source" --no-same-owner -xf -
  if [ -n "$version" ]; then
    as_root sed -i "1s/([^)]*)/($version)/" "$source/debian/changelog"
    as_root sed -i '1i # The version before this one.' "$source/config.yaml.example"
  fi
  share_ccache
  in_debian "$builder" "$place/source" bash -euc '
    if ! dpkg-checkbuilddeps 2>/dev/null || ! command -v ccache >/dev/null; then
      apt-get update -qq
      apt-get install -y -qq --no-install-recommends build-essential ccache >/dev/null
      apt-get build-dep -y -qq --no-install-recommends ./ >/dev/null
    fi
    export DEB_BUILD_OPTIONS="$1 parallel=$LOGYSTERA_JOBS"
    exec dpkg-buildpackage --build=binary --no-pre-clean --unsigned-changes --unsigned-buildinfo
  ' build "${DEB_BUILD_OPTIONS:-noautodbgsym}" || return 1
  rm -rf "$results"
  mkdir -p "$results"
  cp "$builder$place"/*.deb "$builder$place"/*.changes "$builder$place"/*.buildinfo "$results/"
  exec {deb_lock}>&-
}
