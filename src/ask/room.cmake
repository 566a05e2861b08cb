# The ask room: questions to logs. Counting by values.
find_package(fmt REQUIRED)
logystera_room(ask STANDARD 20 LINKS logystera_core logystera_analysis logystera_filter logystera_parse logystera_redact logystera_source
  fmt::fmt Threads::Threads)
logystera_room_tests(ask STANDARD 20)
