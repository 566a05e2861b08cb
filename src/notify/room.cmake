# The notify room: whom to tell of alerts, when, and in which words; and who sends it.
find_package(fmt REQUIRED)
logystera_room(notify STANDARD 20 SMALL LINKS logystera_core logystera_net logystera_parse logystera_store fmt::fmt Threads::Threads)
logystera_room_with_kill_points(notify)
logystera_room_tests(notify STANDARD 20 LINKS OpenSSL::SSL Threads::Threads)
