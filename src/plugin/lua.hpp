// Lua's headers, with the linkage Debian's C++ build of the library has.
#pragma once

#include <lua5.4/lua.hpp>
