# The redact room: Highway for the candidate pass, RE2 for own patterns.
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
logystera_room(redact STANDARD 20 LINKS logystera_core logystera_simd logystera_yaml PkgConfig::RE2)
logystera_small_where_it_grows(src/redact/patterns.cpp)
# With precompiled headers GCC 12 warns here, wrongly, of what std::string does inside (-Warray-bounds).
set_source_files_properties(src/redact/salt.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
logystera_room_tests(redact STANDARD 20 COST 990 THOROUGH)
if(BUILD_TESTING)
  target_sources(test_redact PRIVATE tests/oracle/redact_naive.cpp)
endif()

if(LOGYSTERA_FUZZERS)
  add_executable(fuzz_redact tests/fuzz/redact_fuzz.cpp tests/oracle/redact_naive.cpp)
  set_target_properties(fuzz_redact PROPERTIES CXX_STANDARD 20)
  target_include_directories(fuzz_redact PRIVATE tests)
  target_compile_options(fuzz_redact PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_redact PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_redact PRIVATE logystera_redact)
endif()

# ./dev bench redact
find_package(PkgConfig REQUIRED)
pkg_check_modules(VECTORSCAN IMPORTED_TARGET libhs)
if(VECTORSCAN_FOUND)
  add_executable(redact_bench EXCLUDE_FROM_ALL bench/redact_bench.cpp)
  set_target_properties(redact_bench PROPERTIES CXX_STANDARD 20)
  target_link_libraries(redact_bench PRIVATE logystera_redact PkgConfig::VECTORSCAN)
endif()
