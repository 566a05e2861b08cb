#!/usr/bin/env bash
# 86: Debian packages of both releases: built, checked by lintian, installed, used, upgraded, removed and purged as docs/install.md says
# lane: by name
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/deb.sh"
source "$root/dev.d/documented.sh"

checks=50
most_bytes=8388608  # of the installed program

install_packages deb
as_root true 2>/dev/null || skip_all "only root, or a user of sudo without a password, can make a Debian with debootstrap"

check 'every command of docs/install.md is run by a stage' is "$(unrun_commands install)" ''
# What life.sh runs, by name.
commands="$stage_dir/run"
mkdir -p "$commands"
documented 'deb-program' >"$commands/deb-program"
documented 'deb-serve' >"$commands/deb-serve"
documented 'deb-gateway' >"$commands/deb-gateway"
documented 'deb-health' >"$commands/deb-health"
documented 'deb-restart' >"$commands/deb-restart"
documented 'deb-tail' >"$commands/deb-tail"
documented 'deb-relay' >"$commands/deb-relay"
documented 'deb-php' >"$commands/deb-php"
documented 'deb-upgrade' >"$commands/deb-upgrade"
documented 'deb-backup' >"$commands/deb-backup"
documented 'deb-restore' >"$commands/deb-restore"
documented 'deb-remove' >"$commands/deb-remove"
documented 'deb-purge' >"$commands/deb-purge"

build_all() { (cd "$root" && bash -euc "$(documented 'deb-build')"); }
check 'the packages are built' build_all
[ "$failed" -eq 0 ] || finish
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$root/debian/changelog")
before=${version%-*}-0~before

small() {
  local bytes
  rm -rf "$stage_dir/unpacked"
  dpkg-deb --extract "$run_dir/package/$1"/logystera_*.deb "$stage_dir/unpacked"
  bytes=$(stat -c %s "$stage_dir/unpacked/usr/bin/logystera")
  echo "$1: the program has $bytes bytes; packages:"
  stat -c '%s %n' "$run_dir/package/$1"/*.deb
  [ "$bytes" -le "$most_bytes" ] && ! readelf -S "$stage_dir/unpacked/usr/bin/logystera" | grep -q '\.symtab\|\.debug'
}

# lived SUITE: the life of its packages in a Debian that has their dependencies and nothing else.
lived() {
  local suite=$1 base="${XDG_CACHE_HOME:-$HOME/.cache}/logystera/$1-base" house line
  make_debian "$suite" "$base" LOGYSTERA_BASE || { skip "the packages in use on $suite" "$debian_refusal"; return 0; }
  debian_lent=() debian_shared=()
  house=$(as_root mktemp -d "${XDG_CACHE_HOME:-$HOME/.cache}/logystera/house.XXXXXX")
  end_with "$house"
  as_root cp -a --reflink=auto "$base/." "$house/"
  as_root mkdir -p "$house/srv/old" "$house/srv/new" "$house/srv/run"
  as_root cp "$run_dir/package/$suite-$before"/*.deb "$house/srv/old/"
  as_root cp "$run_dir/package/$suite"/*.deb "$house/srv/new/"
  as_root cp "$commands"/* "$house/srv/run/"
  as_root cp "$root"/tests/e2e/deb/{systemctl,journalctl,sudo} "$house/usr/bin/"
  as_root cp "$root/tests/e2e/deb/life.sh" "$house/srv/"
  # Two lists, by which a change of what the packages need is noticed: the archives of before are found in the base.
  in_debian "$house" /srv bash -euc '
    printf "APT::Get::Assume-Yes \"true\";\nAPT::Install-Recommends \"false\";\nAPT::Sandbox::User \"root\";\n" >/etc/apt/apt.conf.d/90stage
    apt-get update -qq
    apt-get install -qq php-cli iproute2 procps >/dev/null
    needs=$(for package in new/*.deb; do dpkg-deb --field "$package" Depends; echo; done | tr "," "\n" | sed "s/^ *//" | grep -vE "^(logystera|$)" | sort -u | paste -sd,)
    apt-get satisfy -qq "$needs" >/dev/null
  ' || { fail "what the packages of $suite depend on is there"; return 0; }
  as_root sh -c "cp -n '$house'/var/cache/apt/archives/*.deb '$base/var/cache/apt/archives/'" || true
  # Without a network but its own: what listens there is in nobody's way.
  in_debian "$house" /srv unshare --net bash /srv/life.sh "$version" >"$stage_dir/$suite.log" || true
  while IFS= read -r line; do
    case "$line" in
      'ok '*) pass "$suite: ${line#ok }" ;;
      'FAILED '*) fail "$suite: ${line#FAILED }" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <"$stage_dir/$suite.log"
  grep -q '^ok purged' "$stage_dir/$suite.log" || fail "$suite: the life of the packages came to its end"
  as_root rm -rf --one-file-system "$house"
}

for suite in "${deb_suites[@]}"; do
  [ -d "$run_dir/package/$suite" ] || continue
  check "$suite: lintian has nothing to say" lintian --fail-on error,warning --allow-root "$run_dir/package/$suite"/*.changes
  check "$suite: the program is small and has no symbols" small "$suite"
  check "$suite: packages of the version before are built" build_debs "$suite" "$before"
  lived "$suite"
done
finish
