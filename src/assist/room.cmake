# The assist room: prompts of redacted text, the providers that answer them, and what is looked up for them.
find_package(fmt REQUIRED)
logystera_room(assist STANDARD 20 SMALL LINKS logystera_core logystera_alert logystera_redact logystera_store CURL::libcurl fmt::fmt)
logystera_room_tests(assist STANDARD 20 COST 110)
if(BUILD_TESTING)
  # That text which nobody has redacted does not become part of a prompt is the compiler's to say: each case of the file is compiled,
  # and all but the first must be refused.
  target_compile_definitions(test_assist PRIVATE LOGYSTERA_COMPILER="${CMAKE_CXX_COMPILER}" LOGYSTERA_SOURCES="${CMAKE_SOURCE_DIR}")
endif()

if(LOGYSTERA_FUZZERS)
  add_executable(fuzz_assist_prompt tests/fuzz/assist_prompt_fuzz.cpp)
  set_target_properties(fuzz_assist_prompt PROPERTIES CXX_STANDARD 20)
  target_compile_options(fuzz_assist_prompt PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_assist_prompt PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_assist_prompt PRIVATE logystera_assist)
endif()
