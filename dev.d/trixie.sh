# Sourced: a Debian 13 beside whatever this machine runs, to build and test on the PHP and the libraries of its release.
#
#   make_trixie                  makes it with debootstrap, once; later calls find it. $trixie_refusal says why it cannot
#   in_trixie DIR COMMAND...     runs a command there as root, in that directory
#   copy_to_trixie               puts the checkout there, its builds of earlier runs kept → $trixie_checkout
#
# It lives in $LOGYSTERA_TRIXIE, by default in the user's cache, so that a new clone finds it. A command there has mounts and
# processes of its own, which end with it, however it ends: nothing of this machine is ever mounted below that directory for
# others to see, and the checkout is copied, not mounted.

trixie_dir=${LOGYSTERA_TRIXIE:-${XDG_CACHE_HOME:-$HOME/.cache}/logystera/trixie}
trixie_mirror=${LOGYSTERA_DEBIAN_MIRROR:-http://deb.debian.org/debian}
trixie_refusal=''
trixie_lent=()  # directories of this machine that are seen there, to read
readonly trixie_copies_kept_days=14

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

make_trixie() {
  if ! as_root true 2>/dev/null; then
    trixie_refusal='only root, or a user of sudo without a password, can make a Debian 13 with debootstrap'
  elif ! as_root unshare --mount --pid --fork --kill-child true 2>/dev/null; then
    trixie_refusal='this machine does not allow mounts of its own (unshare --mount)'
  elif [ -e "$trixie_dir" ] && [ ! -f "$trixie_dir/.made" ]; then
    trixie_refusal="$trixie_dir is there, and not of this script's making: remove it, or set LOGYSTERA_TRIXIE to another directory"
  elif [ ! -e "$trixie_dir" ]; then
    install_packages trixie
    say "making a Debian 13 in $trixie_dir"
    mkdir -p "$(dirname "$trixie_dir")"
    as_root rm -rf --one-file-system "$trixie_dir.unfinished"
    if as_root debootstrap --variant=minbase --include=ca-certificates trixie "$trixie_dir.unfinished" "$trixie_mirror"; then
      as_root touch "$trixie_dir.unfinished/.made"
      as_root mv "$trixie_dir.unfinished" "$trixie_dir"
    else
      trixie_refusal="debootstrap could not make a Debian 13 from $trixie_mirror"
    fi
  fi
  [ -z "$trixie_refusal" ] && adapt_trixie
}

# adapt_trixie: what this machine knows of names, certificates and Composer's repositories, there as well.
adapt_trixie() {
  local composer_home
  as_root cp -L /etc/resolv.conf /etc/hosts "$trixie_dir/etc/"
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    as_root cp -u /usr/local/share/ca-certificates/*.crt "$trixie_dir/usr/local/share/ca-certificates/"
    in_trixie / update-ca-certificates >/dev/null
  fi
  composer_home=$(COMPOSER_ALLOW_SUPERUSER=1 composer config --global home 2>/dev/null || true)
  if [ -f "$composer_home/config.json" ]; then
    as_root mkdir -p "$trixie_dir/root/.config/composer"
    as_root cp "$composer_home/config.json" "$trixie_dir/root/.config/composer/"
    mapfile -t trixie_lent < <(grep -oE 'file:\\?/\\?/[^"]+' "$composer_home/config.json" | tr -d '\134' | sed 's|^file://||')
  fi
}

in_trixie() {
  as_root unshare --mount --propagation private --pid --fork --kill-child -- bash -euc '
    trixie=$1 inside=$2 lent=$3
    shift 3
    mount -t proc proc "$trixie/proc"
    mount --rbind /dev "$trixie/dev"
    while read -r directory; do
      [ -d "$directory" ] || continue
      mkdir -p "$trixie$directory"
      mount --bind -o ro "$directory" "$trixie$directory"
    done <<<"$lent"
    exec chroot "$trixie" /bin/bash -euc "cd \"\$0\" && exec \"\$@\"" "$inside" "$@"
  ' in_trixie "$trixie_dir" "$1" "$(printf '%s\n' "${trixie_lent[@]}")" \
    env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" no_proxy="${no_proxy:-}" LOGYSTERA_JOBS="$jobs" \
    CASES="${CASES:-}" CCACHE_BASEDIR="$1" "${@:2}"
}

# copy_to_trixie: into a directory of this checkout's own. Copies nobody has used for a while go.
copy_to_trixie() {
  trixie_checkout=/srv/logystera-$(printf '%s' "$root" | sha256sum | cut -c 1-12)
  local copy="$trixie_dir$trixie_checkout"
  as_root mkdir -p "$copy"
  as_root find "$trixie_dir/srv" -mindepth 1 -maxdepth 1 -name 'logystera-*' -mtime "+$trixie_copies_kept_days" -exec rm -rf {} +
  as_root find "$copy" -mindepth 1 -maxdepth 1 ! -name build ! -name .run -exec rm -rf {} +
  # Times are kept: what was built of an unchanged file is not built again.
  tar -C "$root" --exclude=./build --exclude=./.run --exclude=./.git -cf - . | as_root tar -C "$copy" --no-same-owner -xf -
  as_root touch "$copy"
}
