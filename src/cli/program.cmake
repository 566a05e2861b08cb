# The gateway's rooms and the `logystera` program.
find_package(PkgConfig REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
logystera_room(store STANDARD 20 LINKS logystera_core SQLite::SQLite3 fmt::fmt Threads::Threads)
logystera_room(server STANDARD 20 LINKS logystera_core Boost::boost OpenSSL::SSL fmt::fmt Threads::Threads)
logystera_room(gateway STANDARD 20 LINKS logystera_core logystera_store logystera_server PkgConfig::DEFLATE PkgConfig::SODIUM
  fmt::fmt)
logystera_room(cli STANDARD 20 LINKS logystera_gateway logystera_agent logystera_scan CLI11::CLI11)
# main() is the program's alone: out of the library a test could draw it in beside its own.
get_target_property(CLI_SOURCES logystera_cli SOURCES)
list(FILTER CLI_SOURCES EXCLUDE REGEX "/main\\.cpp$")
set_property(TARGET logystera_cli PROPERTY SOURCES ${CLI_SOURCES})
add_executable(logystera src/cli/main.cpp)
set_target_properties(logystera PROPERTIES CXX_STANDARD 20)
target_link_libraries(logystera PRIVATE logystera_cli)
include(GNUInstallDirs)
install(TARGETS logystera RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

logystera_room_tests(store STANDARD 20)
logystera_room_tests(server STANDARD 20)
logystera_room_tests(gateway STANDARD 20 LINKS ZLIB::ZLIB CURL::libcurl)
# The command's tests run the program itself, as its users do.
logystera_room_tests(cli STANDARD 20 LINKS CURL::libcurl SQLite::SQLite3)
target_compile_definitions(test_cli PRIVATE LOGYSTERA_BINARY="$<TARGET_FILE:logystera>")
add_dependencies(test_cli logystera)

# ./dev bench dispatch
foreach(BENCH_PROGRAM prepare insert measure)
  add_executable(bench_dispatch_${BENCH_PROGRAM} EXCLUDE_FROM_ALL bench/dispatch/${BENCH_PROGRAM}.cpp)
  set_target_properties(bench_dispatch_${BENCH_PROGRAM} PROPERTIES CXX_STANDARD 20)
  target_link_libraries(bench_dispatch_${BENCH_PROGRAM} PRIVATE logystera_agent logystera_store)
endforeach()
