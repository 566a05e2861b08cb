# The analysis room: source, parse, detect and redact put together, and what is kept of it.
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
logystera_room(analysis STANDARD 20 LINKS logystera_core logystera_source logystera_parse logystera_detect logystera_filter logystera_metric logystera_redact logystera_plugin logystera_store
  fmt::fmt Threads::Threads)
logystera_small(src/analysis/program.cpp src/analysis/rule_cache.cpp src/analysis/rules.cpp src/analysis/tracking.cpp src/analysis/trial.cpp src/analysis/upload.cpp)
logystera_room_tests(analysis STANDARD 20 LINKS ZLIB::ZLIB)

# ./dev bench scan
add_executable(bench_scan_generate EXCLUDE_FROM_ALL bench/scan/generate.cpp)
set_target_properties(bench_scan_generate PROPERTIES CXX_STANDARD 20)
pkg_check_modules(VECTORSCAN IMPORTED_TARGET libhs)
if(VECTORSCAN_FOUND)
  add_executable(bench_scan_vectorscan EXCLUDE_FROM_ALL bench/scan/vectorscan.cpp)
  set_target_properties(bench_scan_vectorscan PROPERTIES CXX_STANDARD 20)
  target_link_libraries(bench_scan_vectorscan PRIVATE logystera_detect PkgConfig::VECTORSCAN)
endif()
