# The ask room: questions to logs. Counting by values, and SQL; SQLite stands behind ask/sql.hpp.
find_package(fmt REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
logystera_room(ask STANDARD 20 LINKS logystera_core logystera_analysis logystera_detect logystera_filter logystera_parse logystera_redact logystera_source
  SQLite::SQLite3 PkgConfig::RE2 fmt::fmt Threads::Threads)
logystera_room_tests(ask STANDARD 20 THOROUGH)
