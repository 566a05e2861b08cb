// Lua's headers, with the linkage of the installed C++ build of the library (src/plugin/room.cmake asks the linker).
#pragma once

#ifdef LOGYSTERA_LUA_HAS_CXX_LINKAGE
#include <lua5.4/lua.h>

#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#else
#include <lua5.4/lua.hpp>
#endif
