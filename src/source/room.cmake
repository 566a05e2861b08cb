# The source room: where records come from.
find_package(fmt REQUIRED)
logystera_room(source STANDARD 20 LINKS logystera_core logystera_net logystera_parse OpenSSL::Crypto fmt::fmt)
logystera_room_tests(source STANDARD 20 LINKS ZLIB::ZLIB Threads::Threads)
