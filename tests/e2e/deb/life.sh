#!/bin/bash
# What the packages' life is, inside a fresh Debian: /srv/old and /srv/new hold packages of two versions, /srv/run the commands of
# docs/install.md by name, /usr/bin the stand-ins beside this file. Says "ok …" or "FAILED …" for each thing it checks.
set -uo pipefail
version=$1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

check() {
  local name=$1 out status=0
  shift
  out=$("$@" 2>&1) || status=$?
  if [ "$status" -eq 0 ]; then echo "ok $name"; else printf 'FAILED %s\n' "$name"; printf '%s\n' "$out" | tail -25 | sed 's/^/    /'; fi
}
# run NAME: the documentation's commands, in the directory with the packages
run() { bash -euo pipefail "/srv/run/$1"; }
has() { grep -qF -- "$2" <<<"$1" || { printf 'there is no %s in:\n%s\n' "$2" "$1"; return 1; }; }
eventually() { for _ in $(seq 150); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done; "$@"; }
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /srv -o -path /var/lib/dpkg -o -path /var/lib/apt \
    -o -path /var/cache/apt -o -path /var/log -o -path /var/cache/ldconfig -o -path /var/cache/man -o -path /var/cache/debconf -o -path "/etc/*-" \) -prune \
    -o ! -type d -print | LC_ALL=C sort
}
installed() { dpkg-query --show --showformat '${Package} ${Version} ${db:Status-Status}\n' 'logystera*' php-logystera 2>/dev/null | awk '$3 != "not-installed"'; }
gateway=sqlite:/var/lib/logystera/logystera.db
as_gateway() { sudo -u logystera logystera "$@" --store "$gateway"; }

ip link set lo up
mkdir -p /run/systemd/system /var/www
install -d -m 0755 /var/log
for second in 10 11 12 13 14 15; do
  echo "May 18 10:00:$second web1 sshd[1000]: Failed password for root from 198.51.100.7 port 22 ssh2"
done >/var/log/auth.log
chown root:adm /var/log/auth.log
chmod 0640 /var/log/auth.log
files >/srv/before

cd /srv/old || exit
scanned() { local out; out=$(run deb-program) && has "$out" SSH_BRUTE_FORCE; }
check 'the program is installed, and finds what is in the logs' scanned
links() { ! ldd /usr/bin/logystera | grep 'not found'; }
check 'its libraries are the ones of its dependencies' links
own() {
  local served
  run deb-serve >/srv/served 2>&1 &
  served=$!
  eventually logystera health http://127.0.0.1:8080
  local status=$?
  pkill -x logystera
  wait "$served"
  [ "$status" -eq 0 ] && [ -f "$HOME/.local/state/logystera/logystera.db" ] || { cat /srv/served; return 1; }
}
check 'a user serves, with a database of his own' own
manual() { has "$(zcat -f /usr/share/man/man1/logystera.1*)" logystera; }
check 'the manual page and completions are where one looks for them' bash -c \
  'test -e /usr/share/man/man1/logystera.1.gz && test -e /usr/share/bash-completion/completions/logystera &&
   test -e /usr/share/zsh/vendor-completions/_logystera && test -e /usr/share/fish/vendor_completions.d/logystera.fish'

gateway_runs() { eventually run deb-health && run deb-health && [ "$(stat -c '%U %a' /var/lib/logystera /var/lib/logystera/logystera.db | paste -sd' ')" = 'logystera 700 logystera 600' ]; }
with_password() { echo 'a password that is long enough' | run "$1"; }
check 'the gateway is installed and an administrator added' with_password deb-gateway
check 'its service runs, and its state is closed to others' gateway_runs
check 'it is started again when it is told to' run deb-restart
check 'and runs' gateway_runs

php_has() { has "$(run deb-php)" 'Logystera audit agent => ' && has "$(php -m)" logystera; }
check 'the extension is switched on when its package comes' php_has

printf 'targets:\n  - {name: authentication, type: file, path: /var/log/auth.log}\n' >/etc/logystera/targets.yaml
check 'logs are followed' run deb-tail
found() { has "$(as_gateway findings list)" SSH_BRUTE_FORCE; }
followed() {
  eventually grep -q authentication /var/log/logystera-tail.log
  sleep 1
  for second in 10 11 12 13 14 15; do
    echo "$(date '+%b %e %H:%M'):$second web1 sshd[2000]: Failed password for root from 198.51.100.8 port 22 ssh2"
  done >>/var/log/auth.log
  eventually found || { cat /var/log/logystera-tail.log; return 1; }
}
check 'what they show is in the database of the gateway' followed

arrived() { has "$(as_gateway events)" auth.login_failed; }
relayed() {
  cd /srv
  as_gateway entity add shop --json >/srv/entity || return 1
  sed -E 's/.*"token":"([^"]*)".*"secret":"([^"]*)".*/LOGYSTERA_GATEWAY_URL=http:\/\/127.0.0.1:8080\nLOGYSTERA_ENTITY_TOKEN=\1\nLOGYSTERA_ENTITY_SECRET=\2/' /srv/entity >site.credentials
  run deb-relay || return 1
  eventually test -d /var/lib/logystera-relay
  setpriv --reuid www-data --regid www-data --clear-groups php -r '
    $recorder = new Logystera\Agent\Recorder("/var/lib/logystera-relay/buffer", ["uid_key" => str_repeat("k", 32)]);
    $recorder->record("auth.login_failed", ["username" => "anna", "ip" => "198.51.100.9"]);' || return 1
  eventually arrived || { cat /var/log/logystera-relay.log; return 1; }
}
check 'what PHP records is shipped to the gateway' relayed

cd /srv/new || exit
head -1 /etc/logystera/config.yaml >/srv/first-line
upgraded() {
  run deb-upgrade && [ "$(installed | awk '{ print $2 }' | sort -u)" = "$version" ] || { installed; return 1; }
  grep -q 'version before' /srv/first-line && ! grep -q 'version before' /etc/logystera/config.yaml && grep -q authentication /etc/logystera/targets.yaml
}
check 'all are upgraded; a changed configuration stays, an unchanged one is replaced' upgraded
check 'the gateway runs again' gateway_runs
still() { found && arrived && has "$(php -m)" logystera; }
check 'and has what it had' still

check 'a copy is made' run deb-backup
restored() { as_gateway user add bob --role viewer <<<'another password that is long' && run deb-restore && gateway_runs && ! as_gateway user list | grep bob && found; }
check 'and put back: what came after it is gone' restored

removed() {
  run deb-remove && ! command -v logystera && ! php -m | grep logystera && [ -f /var/lib/logystera/logystera.db ] && [ -f /etc/logystera/targets.yaml ] &&
    ! pgrep -x logystera
}
check 'removed, nothing runs, and configuration and state are there' removed
# What is a person's own, and is said to stay.
printf '%s\n' /etc/logystera/site.credentials >/srv/stays
find /root/.local /root/.cache /var/backups/logystera ! -type d 2>/dev/null >>/srv/stays
nothing_left() {
  local left
  run deb-purge || return 1
  [ -z "$(installed)" ] || { installed; return 1; }
  left=$(files | LC_ALL=C comm -13 /srv/before - | grep -vxF -f /srv/stays)
  [ -z "$left" ] || { echo "left: $left"; return 1; }
  left=$(find / -xdev \( -path /proc -o -path /srv -o -path /root -o -path /var/log -o -path /var/backups -o -path /run \) -prune -o -name '*logystera*' -print | grep -vx /etc/logystera)
  [ -z "$left" ] || { echo "left: $left"; return 1; }
  ! getent passwd logystera && ! getent group logystera
}
check 'purged, nothing is left but logs and what is a person'"'"'s own' nothing_left
