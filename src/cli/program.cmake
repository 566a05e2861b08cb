# The gateway's rooms and the `logystera` program.
find_package(PkgConfig REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(QRENCODE REQUIRED IMPORTED_TARGET libqrencode)
logystera_room(store STANDARD 20 SMALL LINKS logystera_core logystera_alert SQLite::SQLite3 fmt::fmt Threads::Threads)
logystera_room(server STANDARD 20 SMALL LINKS logystera_core Boost::boost OpenSSL::SSL fmt::fmt Threads::Threads)
logystera_room(web STANDARD 20 SMALL LINKS logystera_core logystera_store logystera_server PkgConfig::DEFLATE fmt::fmt)
# What browsers get is in the program: web/dist, which npm made of the rest of web/, and the pages' templates.
file(GLOB WEB_ASSETS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/dist/*.css ${CMAKE_SOURCE_DIR}/web/dist/*.js ${CMAKE_SOURCE_DIR}/web/dist/*.svg)
file(GLOB WEB_TEMPLATES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/templates/*.mustache)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/web/embedded.cpp
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${CMAKE_BINARY_DIR}/web/embedded.cpp "-DASSETS=${WEB_ASSETS}" "-DTEMPLATES=${WEB_TEMPLATES}"
    -P ${CMAKE_SOURCE_DIR}/web/embed.cmake
  DEPENDS ${WEB_ASSETS} ${WEB_TEMPLATES} ${CMAKE_SOURCE_DIR}/web/embed.cmake
  VERBATIM)
target_sources(logystera_web PRIVATE ${CMAKE_BINARY_DIR}/web/embedded.cpp)
logystera_room(access STANDARD 20 SMALL LINKS logystera_core logystera_store logystera_server logystera_web PkgConfig::SODIUM
  PkgConfig::QRENCODE ZLIB::ZLIB fmt::fmt)
logystera_room(query STANDARD 20 SMALL LINKS logystera_core logystera_fleet logystera_metric logystera_store logystera_web fmt::fmt)
logystera_room(gateway STANDARD 20 LINKS logystera_core logystera_store logystera_server logystera_web PkgConfig::DEFLATE
  fmt::fmt)
logystera_small_where_it_grows(src/gateway/authorization.cpp src/gateway/entities.cpp)
logystera_small(src/gateway/connect.cpp src/gateway/site_requests.cpp)
logystera_room(live STANDARD 20 SMALL LINKS logystera_core logystera_store logystera_server logystera_web fmt::fmt Threads::Threads)
logystera_room(upload STANDARD 20 SMALL LINKS logystera_core logystera_analysis logystera_redact logystera_server logystera_web fmt::fmt)
logystera_room(dashboard STANDARD 20 SMALL LINKS logystera_core logystera_detect logystera_metric logystera_analysis logystera_assist logystera_fleet logystera_notify logystera_processor logystera_query logystera_store logystera_server logystera_web
  logystera_gateway fmt::fmt)
logystera_room(api STANDARD 20 SMALL LINKS logystera_core logystera_analysis logystera_detect logystera_metric logystera_source logystera_store logystera_server
  logystera_web logystera_fleet logystera_gateway logystera_notify logystera_processor logystera_query logystera_upload fmt::fmt)
# The contract is written in YAML and asked for as JSON.
add_executable(web_contract web/contract.cpp)
set_target_properties(web_contract PROPERTIES CXX_STANDARD 20)
target_link_libraries(web_contract PRIVATE logystera_core logystera_yaml)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/api/contract.cpp
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/api
  COMMAND web_contract ${CMAKE_SOURCE_DIR}/web/openapi.yaml ${CMAKE_BINARY_DIR}/api/contract.cpp ${CMAKE_BINARY_DIR}/api/openapi.json
  DEPENDS web_contract ${CMAKE_SOURCE_DIR}/web/openapi.yaml
  VERBATIM)
target_sources(logystera_api PRIVATE ${CMAKE_BINARY_DIR}/api/contract.cpp)
logystera_room(app STANDARD 20 SMALL LINKS logystera_core logystera_analysis logystera_store logystera_server logystera_web logystera_gateway
  logystera_access logystera_live logystera_notify logystera_upload logystera_processor logystera_query logystera_dashboard logystera_api)
logystera_room(report STANDARD 20 SMALL LINKS logystera_core logystera_parse logystera_store logystera_web fmt::fmt)
# GCC 12 warns of a string move there that never goes wrong, only with precompiled headers.
set_source_files_properties(src/cli/webhook.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
logystera_room(cli STANDARD 20 SMALL LINKS logystera_app logystera_ask logystera_processor logystera_gateway logystera_net logystera_notify logystera_agent logystera_analysis logystera_assist logystera_fleet logystera_report CLI11::CLI11)
# main() is the program's alone: out of the library a test could draw it in beside its own.
get_target_property(CLI_SOURCES logystera_cli SOURCES)
list(FILTER CLI_SOURCES EXCLUDE REGEX "/main\\.cpp$")
set_property(TARGET logystera_cli PROPERTY SOURCES ${CLI_SOURCES})
add_executable(logystera src/cli/main.cpp)
set_target_properties(logystera PROPERTIES CXX_STANDARD 20)
target_link_libraries(logystera PRIVATE logystera_cli)
include(packaging/install.cmake)

if(LOGYSTERA_FUZZERS)
  # These sources and not the room: Asio takes long to compile and has no part in it.
  add_executable(fuzz_server_path tests/fuzz/server_path_fuzz.cpp src/server/router.cpp src/server/message.cpp
    src/server/workers.cpp)
  set_target_properties(fuzz_server_path PROPERTIES CXX_STANDARD 20)
  target_compile_options(fuzz_server_path PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_server_path PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_server_path PRIVATE logystera_core fmt::fmt Threads::Threads)
  add_executable(fuzz_query tests/fuzz/query_fuzz.cpp src/query/cursor.cpp src/query/lists.cpp src/query/parameters.cpp src/query/signal.cpp
    src/query/signal_text.cpp src/web/form.cpp src/server/message.cpp)
  set_target_properties(fuzz_query PROPERTIES CXX_STANDARD 20)
  target_compile_options(fuzz_query PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_query PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_query PRIVATE logystera_core logystera_fleet logystera_store fmt::fmt Threads::Threads)
endif()

logystera_room_tests(store STANDARD 20 COST 70)
logystera_room_tests(server STANDARD 20)
logystera_room_tests(web STANDARD 20)
logystera_room_tests(query STANDARD 20)
logystera_room_tests(dashboard STANDARD 20)
logystera_room_tests(api STANDARD 20)
logystera_room_tests(report STANDARD 20)
logystera_room_tests(upload STANDARD 20)
logystera_room_tests(live STANDARD 20)
logystera_room_tests(access STANDARD 20 COST 55)
logystera_room_tests(app STANDARD 20 COST 290)
logystera_room_tests(gateway STANDARD 20 COST 100 LINKS logystera_access ZLIB::ZLIB CURL::libcurl)
if(BUILD_TESTING)
  # The command's tests run the program itself, as its users do.
  logystera_room_tests(cli STANDARD 20 COST 560 LINKS CURL::libcurl SQLite::SQLite3)
  target_compile_definitions(test_cli PRIVATE LOGYSTERA_BINARY="$<TARGET_FILE:logystera>" LOGYSTERA_BUILD="${CMAKE_BINARY_DIR}"
    LOGYSTERA_CMAKE="${CMAKE_COMMAND}")
  add_dependencies(test_cli logystera)
  if(TARGET logystera_shared)
    add_dependencies(test_cli logystera_shared)
  endif()
endif()

# ./dev bench dispatch
foreach(BENCH_PROGRAM prepare insert measure gateway readers)
  add_executable(bench_dispatch_${BENCH_PROGRAM} EXCLUDE_FROM_ALL bench/dispatch/${BENCH_PROGRAM}.cpp)
  set_target_properties(bench_dispatch_${BENCH_PROGRAM} PROPERTIES CXX_STANDARD 20)
  target_link_libraries(bench_dispatch_${BENCH_PROGRAM} PRIVATE logystera_agent logystera_gateway)
endforeach()

# ./dev bench server
foreach(BENCH_PROGRAM fill client)
  add_executable(bench_server_${BENCH_PROGRAM} EXCLUDE_FROM_ALL bench/server/${BENCH_PROGRAM}.cpp)
  set_target_properties(bench_server_${BENCH_PROGRAM} PROPERTIES CXX_STANDARD 20)
  target_link_libraries(bench_server_${BENCH_PROGRAM} PRIVATE logystera_store)
endforeach()

# The program with its kill points, for the crash campaign (tests/e2e/crash): whole archives, so that theirs are the objects that count.
logystera_room_with_kill_points(store)
logystera_room_with_kill_points(processor)
add_executable(logystera_killable EXCLUDE_FROM_ALL src/cli/main.cpp)
set_target_properties(logystera_killable PROPERTIES CXX_STANDARD 20)
target_link_libraries(logystera_killable PRIVATE -Wl,--whole-archive logystera_store_killable logystera_processor_killable
  logystera_notify_killable -Wl,--no-whole-archive logystera_cli)
