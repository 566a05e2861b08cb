# The filter room: points of time as people write them, and which records are asked for. RE2 for their expressions.
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
logystera_room(filter STANDARD 20 LINKS logystera_core logystera_parse logystera_redact PkgConfig::RE2 fmt::fmt)
logystera_room_tests(filter STANDARD 20)

if(LOGYSTERA_FUZZERS)
  add_executable(fuzz_filter tests/fuzz/filter_fuzz.cpp)
  set_target_properties(fuzz_filter PROPERTIES CXX_STANDARD 20)
  target_compile_options(fuzz_filter PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_filter PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_filter PRIVATE logystera_filter)
endif()
