# Sourced after lib.sh: a Debian of another release beside whatever this machine runs.
#
#   make_debian SUITE DIRECTORY VARIABLE [PACKAGE...]
#                                makes it there with debootstrap, once; later calls find it. VARIABLE is the one of the environment
#                                that names another directory. $debian_refusal says why it cannot
#   in_debian DIRECTORY INSIDE COMMAND...
#                                runs a command there as root, in the directory INSIDE of it
#   share_ccache                 commands there, from now on, use this machine's compiler cache
#
# A command there has mounts and processes of its own, which end with it, however it ends: nothing of this machine is ever mounted
# below that directory for others to see.

debian_mirror=${LOGYSTERA_DEBIAN_MIRROR:-http://deb.debian.org/debian}
debian_refusal=''
debian_lent=()    # directories of this machine that are seen there, to read
debian_shared=()  # one of this machine, and where it is seen there, to read and write

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

# share_ccache: the compiler's cache of this machine there as well, where that is root's: what one Debian has compiled answers for another
# of the same release, and outlives it.
share_ccache() {
  local cache
  cache=$(ccache --get-config cache_dir 2>/dev/null || true)
  debian_shared=()
  if [ "$(id -u)" -eq 0 ] && [ -d "$cache" ]; then debian_shared=("$cache" /root/.cache/ccache); fi
}

make_debian() {
  local suite=$1 directory=$2 variable=$3
  local include
  shift 3
  include=$(IFS=,; printf '%s' "ca-certificates${*:+,$*}")
  debian_refusal=''
  if ! as_root true 2>/dev/null; then
    debian_refusal="only root, or a user of sudo without a password, can make a Debian ($suite) with debootstrap"
  elif ! as_root unshare --mount --pid --fork --kill-child true 2>/dev/null; then
    debian_refusal='this machine does not allow mounts of its own (unshare --mount)'
  elif [ -e "$directory" ] && [ ! -f "$directory/.made" ]; then
    debian_refusal="$directory is there, and not of this script's making: remove it, or set $variable to another directory"
  elif [ ! -e "$directory" ]; then
    install_packages trixie
    say "making a Debian ($suite) in $directory"
    mkdir -p "$(dirname "$directory")"
    as_root rm -rf --one-file-system "$directory.unfinished"
    if as_root debootstrap --variant=minbase --include="$include" "$suite" "$directory.unfinished" "$debian_mirror"; then
      as_root touch "$directory.unfinished/.made"
      as_root mv "$directory.unfinished" "$directory"
    else
      debian_refusal="debootstrap could not make a Debian ($suite) from $debian_mirror"
    fi
  fi
  [ -z "$debian_refusal" ] || return 1
  # What this machine knows of names and certificates, there as well.
  as_root cp -L /etc/resolv.conf /etc/hosts "$directory/etc/"
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    as_root cp -u /usr/local/share/ca-certificates/*.crt "$directory/usr/local/share/ca-certificates/"
    in_debian "$directory" / update-ca-certificates >/dev/null
  fi
}

in_debian() {
  local debian=$1
  shift
  as_root unshare --mount --propagation private --pid --fork --kill-child -- bash -euc '
    debian=$1 inside=$2 lent=$3 shared=$4 place=$5
    shift 5
    mount -t proc proc "$debian/proc"
    mount --rbind /dev "$debian/dev"
    while read -r directory; do
      [ -d "$directory" ] || continue
      mkdir -p "$debian$directory"
      mount --bind -o ro "$directory" "$debian$directory"
    done <<<"$lent"
    if [ -n "$shared" ]; then
      mkdir -p "$debian$place"
      mount --bind "$shared" "$debian$place"
    fi
    exec chroot "$debian" /bin/bash -euc "cd \"\$0\" && exec \"\$@\"" "$inside" "$@"
  ' in_debian "$debian" "$1" "$(printf '%s\n' "${debian_lent[@]}")" "${debian_shared[0]:-}" "${debian_shared[1]:-}" \
    env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" no_proxy="${no_proxy:-}" LOGYSTERA_JOBS="$jobs" LOGYSTERA_LANES=1 \
    CASES="${CASES:-}" CCACHE_BASEDIR="$1" CCACHE_DIR=/root/.cache/ccache "${@:2}"
}
