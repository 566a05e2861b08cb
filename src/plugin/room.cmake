# The plugin room: Lua 5.4 as C++ (its errors are exceptions), RE2 for its expressions.
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LUA REQUIRED IMPORTED_TARGET lua5.4-c++)
# Debian 12 builds this library with C linkage and Debian 13 with C++ linkage, under the same header: ask the linker.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::LUA)
check_cxx_source_compiles("#include <lua5.4/lua.hpp>
int main() { lua_close(luaL_newstate()); }" LOGYSTERA_LUA_HAS_C_LINKAGE)
unset(CMAKE_REQUIRED_LIBRARIES)
logystera_room(plugin STANDARD 20 LINKS logystera_core logystera_detect logystera_parse logystera_redact logystera_yaml
  PkgConfig::RE2 fmt::fmt)
logystera_small(src/plugin/child.cpp src/plugin/lua_plugin.cpp src/plugin/plugin.cpp src/plugin/python.cpp src/plugin/registry.cpp src/plugin/source.cpp)
target_link_libraries(logystera_plugin PRIVATE PkgConfig::LUA)  # its headers are this room's alone
if(NOT LOGYSTERA_LUA_HAS_C_LINKAGE)
  target_compile_definitions(logystera_plugin PRIVATE LOGYSTERA_LUA_HAS_CXX_LINKAGE)
endif()
logystera_room_tests(plugin STANDARD 20 LINKS PkgConfig::LUA)

# ./dev bench plugins
add_executable(plugin_bench EXCLUDE_FROM_ALL bench/plugin_bench.cpp)
set_target_properties(plugin_bench PROPERTIES CXX_STANDARD 20)
target_link_libraries(plugin_bench PRIVATE logystera_plugin)

if(LOGYSTERA_FUZZERS)
  add_executable(fuzz_plugin tests/fuzz/plugin_fuzz.cpp)
  set_target_properties(fuzz_plugin PROPERTIES CXX_STANDARD 20)
  target_compile_options(fuzz_plugin PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_plugin PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_plugin PRIVATE logystera_plugin)
endif()
