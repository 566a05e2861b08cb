# The source room: where records come from.
find_package(fmt REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
logystera_room(source STANDARD 20 SMALL_WHERE_IT_GROWS LINKS logystera_core logystera_net logystera_parse OpenSSL::Crypto PkgConfig::SODIUM fmt::fmt)
logystera_small(src/source/docker_api.cpp src/source/live_logs.cpp src/source/log_set.cpp src/source/paths.cpp src/source/ssh.cpp)
logystera_room_tests(source STANDARD 20 LINKS ZLIB::ZLIB Threads::Threads)
