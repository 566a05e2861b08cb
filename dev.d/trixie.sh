# Sourced: a Debian 13 beside whatever this machine runs, to build and test on the PHP and the libraries of its release.
#
#   make_trixie                  makes it with debootstrap, once; later calls find it. $trixie_refusal says why it cannot
#   in_trixie DIR COMMAND...     runs a command there as root, in that directory
#   copy_to_trixie               puts the checkout there, its builds of earlier runs kept → $trixie_checkout
#
# It lives in $LOGYSTERA_TRIXIE, by default in the user's cache, so that a new clone finds it. The checkout is copied, not mounted.
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

trixie_dir=${LOGYSTERA_TRIXIE:-${XDG_CACHE_HOME:-$HOME/.cache}/logystera/trixie}
trixie_refusal=''
readonly trixie_copies_kept_days=14

make_trixie() {
  make_debian trixie "$trixie_dir" LOGYSTERA_TRIXIE || { trixie_refusal=$debian_refusal; return 1; }
  adapt_trixie
}

# adapt_trixie: Composer's repositories, there as well.
adapt_trixie() {
  local composer_home
  composer_home=$(COMPOSER_ALLOW_SUPERUSER=1 composer config --global home 2>/dev/null || true)
  if [ -f "$composer_home/config.json" ]; then
    as_root mkdir -p "$trixie_dir/root/.config/composer"
    as_root cp "$composer_home/config.json" "$trixie_dir/root/.config/composer/"
    mapfile -t debian_lent < <(grep -oE 'file:\\?/\\?/[^"]+' "$composer_home/config.json" | tr -d '\134' | sed 's|^file://||')
  fi
}

in_trixie() { in_debian "$trixie_dir" "$@"; }

# copy_to_trixie: into a directory of this checkout's own. Copies nobody has used for a while go.
copy_to_trixie() {
  trixie_checkout=/srv/logystera-$(printf '%s' "$root" | sha256sum | cut -c 1-12)
  local copy="$trixie_dir$trixie_checkout"
  as_root mkdir -p "$copy"
  as_root find "$trixie_dir/srv" -mindepth 1 -maxdepth 1 -name 'logystera-*' -mtime "+$trixie_copies_kept_days" -exec rm -rf {} +
  as_root find "$copy" -mindepth 1 -maxdepth 1 ! -name build ! -name .run -exec rm -rf {} +
  # Times are kept: what was built of an unchanged file is not built again.
  # A file that comes or goes meanwhile (a lock, another stage's cache) is none of it: tar says 1 then.
  { tar -C "$root" --exclude=./build --exclude=./.run --exclude=./.git -cf - . || [ $? -eq 1 ]; } | as_root tar -C "$copy" --no-same-owner -xf -
  as_root touch "$copy"
}
