# An sshd of a script's own, on loopback. Sourced after lib.sh or stage.sh.
#
#   make_keys DIRECTORY             its host's key `host`, a key that may come in, `key`, and one that may not, `other`
#   start_sshd DIRECTORY            → $sshd, its process, and $sshd_port; the port stays over restarts. false: it does not start
#                                   here. Who is let in is in DIRECTORY/sshd.log, its key for known_hosts in DIRECTORY/known
make_keys() {
  local name
  mkdir -p "$1"
  for name in host key other; do ssh-keygen -q -t ed25519 -N '' -f "$1/$name"; done
  cp "$1/key.pub" "$1/authorized"
}

sshd='' sshd_port=''
start_sshd() {
  local directory=$1 port=''
  [ ! -s "$directory/port" ] || port=$(cat "$directory/port")
  mkdir -p /run/sshd
  for _ in $(seq 20); do
    sshd_port=${port:-$((20000 + RANDOM % 20000))}
    rm -f "$directory/pid"
    printf '%s\n' "Port $sshd_port" 'ListenAddress 127.0.0.1' "HostKey $directory/host" "AuthorizedKeysFile $directory/authorized" \
      'StrictModes no' 'UsePAM no' "PidFile $directory/pid" 'PermitRootLogin yes' 'MaxStartups 200' 'MaxSessions 200' >"$directory/sshd.conf"
    "$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$directory/sshd.conf" -E "$directory/sshd.log" &
    sshd=$!
    for _ in $(seq 300); do
      if [ -s "$directory/pid" ]; then
        echo "$sshd_port" >"$directory/port"
        echo "[127.0.0.1]:$sshd_port $(cut -d' ' -f1,2 "$directory/host.pub")" >"$directory/known"
        return 0
      fi
      kill -0 "$sshd" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$sshd" 2>/dev/null || true
    wait "$sshd" 2>/dev/null || true
  done
  sshd=''
  return 1
}
