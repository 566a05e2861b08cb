# The net room: asking other servers over HTTP.
find_package(fmt REQUIRED)
logystera_room(net STANDARD 20 SMALL LINKS logystera_core CURL::libcurl fmt::fmt)
logystera_room_tests(net STANDARD 20 LINKS Threads::Threads)
