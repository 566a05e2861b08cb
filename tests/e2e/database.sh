# Sourced after lib.sh: real database servers from Debian, each with a private directory below the state directory, on a loopback
# port, as the site's user. Each gives
#
#   start_DATABASE          → $database_port; the first time with an empty database "site" and an account "site"
#   stop_DATABASE [SIGNAL]  kills it, or asks it to end
#   DATABASE_settings       what settings.php says of it
#   DATABASE_dsn            what PDO is told
#   DATABASE_password WORD  gives the account another password
#   DATABASE_tables         makes the table "pairs" with two rows and, on the small file system, the table "small"
#   DATABASE_without_small_space  takes that away again: a server that is started anew finds its small file system empty
#
# $small_space is a directory on a small file system of its own, which exists inside the server only and goes with it; empty
# where this machine does not allow that.

readonly small_space_bytes=12582912  # a few extents of a tablespace
database_password='planted-password-database'

# as_server NAME COMMAND...: starts it as the site's user. A changed user forgets who it was to die with: said again.
as_server() {
  local name=$1
  shift
  if [ "$(id -u)" -eq 0 ]; then
    start_process "$name" "${small_space_wrapper[@]}" setpriv --reuid "$web_user" --regid "$web_group" --init-groups --pdeathsig TERM -- "$@"
  else
    start_process "$name" "$@"
  fi
}

# prepare_small_space: → $small_space, $small_space_wrapper (before a server's command), $small_space_refused (why not).
prepare_small_space() {
  small_space='' small_space_wrapper=() small_space_refused='a file system for one process needs root'
  [ "$(id -u)" -eq 0 ] || return 0
  web_dir "$state/small" 700
  # shellcheck disable=SC2016
  local mount='mount -t tmpfs -o "size=$1,mode=700,uid=$2,gid=$3" tmpfs "$4" && shift 4 && exec "$@"'
  local wrapper=(unshare --mount -- bash -c "$mount" mount "$small_space_bytes" "$web_user" "$web_group" "$state/small")
  small_space_refused=$("${wrapper[@]}" true 2>&1) || return 0
  small_space="$state/small" small_space_wrapper=("${wrapper[@]}")
}

# --- MariaDB -----------------------------------------------------------------------------------------------------------

start_mariadb() {
  local data="$state/mariadb"
  if [ ! -d "$data" ]; then
    prepare_small_space
    database_port=$(free_port)
    web_dir "$data" 700
    as_web mariadb-install-db --no-defaults --datadir="$data" --tmpdir="$state/tmp" --auth-root-authentication-method=normal \
      --skip-test-db >"$state/log/mariadb-install.log" 2>&1 || return
  fi
  as_server mariadb "$(command -v mariadbd || echo /usr/sbin/mariadbd)" --no-defaults --datadir="$data" --tmpdir="$state/tmp" \
    --socket="$data/socket" --pid-file="$data/pid" --bind-address=127.0.0.1 --port="$database_port" \
    --innodb-buffer-pool-size=64M --innodb-log-file-size=16M --innodb-flush-log-at-trx-commit=0 --skip-name-resolve \
    --transaction-isolation=READ-COMMITTED --innodb-fast-shutdown=2
  await mariadb 'MariaDB to answer' mariadb_as_root -e 'SELECT 1' || return
  mariadb_as_root -e "CREATE DATABASE IF NOT EXISTS site CHARACTER SET utf8mb4; GRANT ALL ON site.* TO site@'127.0.0.1'
    IDENTIFIED BY '$database_password'"
}

mariadb_as_root() { mariadb --no-defaults --socket="$state/mariadb/socket" --user=root "$@"; }

stop_mariadb() { stop_process mariadb "${1:-TERM}"; }

mariadb_settings() {
  cat <<PHP
\$databases['default']['default'] = [
  'driver' => 'mysql', 'namespace' => 'Drupal\\\\mysql\\\\Driver\\\\Database\\\\mysql', 'autoload' => 'core/modules/mysql/src/Driver/Database/mysql/',
  'host' => '127.0.0.1', 'port' => '$database_port', 'database' => 'site', 'username' => 'site', 'password' => '$database_password', 'prefix' => '',
  'init_commands' => ['isolation_level' => 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED'],
];
PHP
}

mariadb_password() { mariadb_as_root -e "ALTER USER site@'127.0.0.1' IDENTIFIED BY '$1'"; }

mariadb_tables() {
  mariadb_as_root site -e "CREATE TABLE pairs (id INT PRIMARY KEY, word VARCHAR(64)); INSERT INTO pairs VALUES (1, 'one'), (2, 'two')"
  [ -z "$small_space" ] || mariadb_as_root site -e "CREATE TABLE small (word TEXT) DATA DIRECTORY = '$small_space'"
}

mariadb_without_small_space() { [ -z "$small_space" ] || mariadb_as_root site -e 'DROP TABLE small'; }

mariadb_dsn() { echo "mysql:host=127.0.0.1;port=$database_port;dbname=site"; }

# --- PostgreSQL --------------------------------------------------------------------------------------------------------

# postgresql_programs: where Debian keeps those of the newest version installed.
postgresql_programs() { find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -1; }

start_postgresql() {
  local data="$state/postgresql" programs
  programs=$(postgresql_programs)
  if [ ! -d "$data" ]; then
    prepare_small_space
    database_port=$(free_port)
    web_dir "$data" 700
    as_web "$programs/initdb" --pgdata="$data" --username=postgres --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 \
      --locale=C --no-sync >"$state/log/postgresql-install.log" 2>&1 || return
  fi
  as_server postgresql "$programs/postgres" -D "$data" -k "$data" -p "$database_port" -c listen_addresses=127.0.0.1 -c fsync=off \
    -c deadlock_timeout=200ms -c logging_collector=off -c log_min_messages=panic
  await postgresql 'PostgreSQL to answer' postgresql_as_root -c 'SELECT 1' || return
  [ -n "$(postgresql_as_root -tc "SELECT 1 FROM pg_roles WHERE rolname = 'site'")" ] ||
    postgresql_as_root -c "CREATE ROLE site LOGIN PASSWORD '$database_password'" -c 'CREATE DATABASE site OWNER site'
}

postgresql_as_root() { postgresql_as_root_of postgres "$@"; }

postgresql_as_root_of() {
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host="$state/postgresql" --port="$database_port" --username=postgres --dbname="$1" "${@:2}"
}

# A smart shutdown would wait for every connection to end.
stop_postgresql() { stop_process postgresql "${1:-INT}"; }

postgresql_settings() {
  cat <<PHP
\$databases['default']['default'] = [
  'driver' => 'pgsql', 'namespace' => 'Drupal\\\\pgsql\\\\Driver\\\\Database\\\\pgsql', 'autoload' => 'core/modules/pgsql/src/Driver/Database/pgsql/',
  'host' => '127.0.0.1', 'port' => '$database_port', 'database' => 'site', 'username' => 'site', 'password' => '$database_password', 'prefix' => '',
];
PHP
}

postgresql_password() { postgresql_as_root -c "ALTER ROLE site PASSWORD '$1'"; }

postgresql_tables() {
  PGOPTIONS='-c role=site' postgresql_as_root_of site -c 'CREATE TABLE pairs (id INT PRIMARY KEY, word VARCHAR(64))' \
    -c "INSERT INTO pairs VALUES (1, 'one'), (2, 'two')"
  [ -z "$small_space" ] || {
    postgresql_as_root -c "CREATE TABLESPACE small OWNER site LOCATION '$small_space'"
    PGOPTIONS='-c role=site' postgresql_as_root_of site -c 'CREATE TABLE small (word TEXT) TABLESPACE small'
  }
}

postgresql_without_small_space() {
  [ -z "$small_space" ] || postgresql_as_root_of site -c 'DROP TABLE small' -c 'DROP TABLESPACE small'
}

postgresql_dsn() { echo "pgsql:host=127.0.0.1;port=$database_port;dbname=site"; }
