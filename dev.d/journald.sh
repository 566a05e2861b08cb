# A systemd-journald of a script's own. Sourced after lib.sh or stage.sh.
#
#   in_namespace ARGUMENT...        runs the script again in a mount namespace of its own, and goes on in there; false: there are none
#                                   here, and the script goes on outside
#   start_journald DIRECTORY        → $journald, its process; its journal is empty. false: it does not start here
#   restart_journald                ends it, forgets the journal, and starts it again
#
# In a namespace of its own: its sockets and files, which have fixed names, hide nobody's. So are /run, and the user's ~/.ssh.
in_namespace() {
  [ -z "${LOGYSTERA_NAMESPACE:-}" ] || return 0
  unshare --mount --propagation private true 2>/dev/null || return 1
  LOGYSTERA_NAMESPACE=1 exec unshare --mount --propagation private bash "$0" "$@"
}

journald='' journald_log=''
start_journald() {
  [ -n "${LOGYSTERA_NAMESPACE:-}" ] || return 1
  journald_log=$1/journald.log
  mount -t tmpfs tmpfs /run
  mkdir -p /run/systemd/journal /run/log/journal
  printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nRateLimitBurst=0\nRuntimeMaxUse=%s\n' "${journald_size:-200M}" >"$1/journald.conf"
  [ -e /etc/systemd/journald.conf ] || { mkdir -p /etc/systemd; : >/etc/systemd/journald.conf; }
  mount --bind "$1/journald.conf" /etc/systemd/journald.conf
  run_journald
}

run_journald() {
  /lib/systemd/systemd-journald 2>>"$journald_log" &
  journald=$!
  for _ in $(seq 600); do [ -S /run/systemd/journal/stdout ] && return 0; sleep 0.1; done
  return 1
}

restart_journald() {
  kill "$journald"
  wait "$journald" 2>/dev/null || true
  rm -rf /run/log/journal/* /run/systemd/journal/stdout
  run_journald
}
