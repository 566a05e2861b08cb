# Shared by every part of ./dev: where things are, how it speaks, how it installs and how it stops what it started.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
run_dir="$root/.run"     # everything a demo, test or benchmark leaves behind
build_dir="$root/build"  # CMake's
jobs=${LOGYSTERA_JOBS:-$(nproc)}

# A checkout that belongs to somebody else (a container's volume) is still this project's.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="$root"

say() { if [ -t 1 ]; then printf '\033[1m==> %s\033[0m\n' "$*"; else printf '==> %s\n' "$*"; fi; }
die() { printf './dev: %s\n' "$*" >&2; exit 2; }

# quietly WHAT LOG COMMAND...: its output goes to the log; here one line with the time it took, and the log's end when it
# fails. With LOGYSTERA_VERBOSE set (the test stages have logs of their own) nothing is held back.
quietly() {
  local what=$1 log=$2 started=$SECONDS status=0 pid
  shift 2
  mkdir -p "$(dirname "$log")"
  if [ -n "${LOGYSTERA_VERBOSE:-}" ]; then
    "$@" || die "$what failed"
    return 0
  fi
  printf '    %s ' "$what"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5
    [ $(((SECONDS - started) % 5)) -ne 0 ] || [ "$SECONDS" -eq "$started" ] || [ "${dotted:-}" = "$SECONDS" ] || { printf '.'; local dotted=$SECONDS; }
  done
  wait "$pid" || status=$?
  if [ "$status" -ne 0 ]; then
    printf ' failed\n'
    tail -30 "$log" >&2
    die "$what failed (exit status $status; whole log: ${log#"$root/"})"
  fi
  printf ' done (%d s)\n' $((SECONDS - started))
}

# locked NAME COMMAND...: one at a time of all that run in this checkout.
locked() {
  local name=$1 lock status=0
  shift
  mkdir -p "$run_dir"
  exec {lock}>"$run_dir/$name.lock"
  flock "$lock"
  # What the command leaves running must not hold the lock.
  "$@" {lock}>&- || status=$?
  exec {lock}>&-
  return "$status"
}

# build_targets [TARGET...]: with CMake in build/; without one, all.
build_targets() {
  locked build configure_and_build "$@"
}
configure_and_build() { cmake -S "$root" -B "$build_dir" -G Ninja && ninja -C "$build_dir" -j "$jobs" "$@"; }

# build_for_bench TARGET...: of the ordinary build, what a benchmark runs.
build_for_bench() {
  mkdir -p "$run_dir/bench"
  build_targets "$@" >"$run_dir/bench-build.log" 2>&1 || die 'the build failed (whole log: .run/bench-build.log)'
}

# whole_numbers USAGE NUMBER...: ends where one is none from 1 on.
whole_numbers() {
  local usage=$1 number
  shift
  for number in "$@"; do [[ "$number" =~ ^[1-9][0-9]*$ ]] || die "usage: $usage"; done
}

# eventually COMMAND...: again and again until it is true, for a minute; its last output and status are those of the last time.
eventually() {
  for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done
  "$@"
}

# end_with DIRECTORY VARIABLE...: when the script ends, however it ends, the processes whose numbers those variables hold are
# killed and the directory is removed.
end_with() {
  ending_directory=$1
  ending_names=("${@:2}")
  trap end_all EXIT
}
end_all() {
  local status=$? name pid
  trap - EXIT
  for name in "${ending_names[@]}"; do
    for pid in ${!name:-}; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  done
  rm -rf --one-file-system "$ending_directory"
  exit "$status"
}

# install_packages SECTION...: the Debian packages of those sections of packages.txt that are not here yet.
install_packages() {
  local section wanted=() missing=()
  for section in "$@"; do
    mapfile -t -O "${#wanted[@]}" wanted < <(
      sed -n "/^\[$section\]/,/^\[/p" "$root/dev.d/packages.txt" | sed -e 's/#.*//' -e '/^\[/d' -e '/^[[:space:]]*$/d')
  done
  local name
  for name in "${wanted[@]}"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  say "installing ${missing[*]}"
  locked install install_missing "${missing[@]}"
}

install_missing() {
  local missing=("$@")
  local sudo=''
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo apt-get update -qq || die "apt-get update failed: check the machine's package sources"
  # A server must not start by itself, now or at the next boot, just because its package came in.
  local policy=/usr/sbin/policy-rc.d ours='' units status=0
  units=$(enabled_units)
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod 755 "$policy"
    ours=yes
  fi
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" >"$root/.apt.log" 2>&1 ||
    status=$?
  [ -z "$ours" ] || $sudo rm -f "$policy"
  [ "$status" -eq 0 ] || { tail -20 "$root/.apt.log" >&2; die "apt-get install failed (whole log: .apt.log)"; }
  rm -f "$root/.apt.log"
  # Units stay installed; those that came with these packages are not started at boot.
  if [ -d /run/systemd/system ]; then
    comm -13 <(echo "$units") <(enabled_units) | xargs -r $sudo systemctl disable --quiet || true
  fi
}

enabled_units() { find /etc/systemd/system -path '*.wants/*.service' -printf '%f\n' 2>/dev/null | sort -u; }
