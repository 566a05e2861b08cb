// What a plugin may call. Lua's own functions are taken where one call is bounded by what it gets, and what it gets is bounded
// here; the others are written anew or missing.
#include <re2/re2.h>

#include <array>
#include <string>

#include "plugin/lua.hpp"
#include "plugin/sandbox.hpp"

namespace logystera::plugin {
namespace {

constexpr int kCaptures = 32;
constexpr int kUnpacked = 250;
constexpr std::uint64_t kBytesAnInstruction = 16;
constexpr std::size_t kLoggedBytes = 1024;

std::string_view text_argument(lua_State* lua, int index, std::size_t most) {
  std::size_t size = 0;
  const char* const text = luaL_checklstring(lua, index, &size);
  if (size > most)
    luaL_argerror(lua, index, lua_pushfstring(lua, "a text of at most %d bytes is expected", static_cast<int>(most)));
  return {text, size};
}

void push_text(lua_State* lua, std::string_view text) { lua_pushlstring(lua, text.data(), text.size()); }

// A function of Lua's that looks at its texts once: it is the closure's upvalue.
int bounded(lua_State* lua) {
  std::uint64_t bytes = 0;
  for (int i = 1, count = lua_gettop(lua); i <= count; ++i)
    if (lua_type(lua, i) == LUA_TSTRING) bytes += text_argument(lua, i, Sandbox::kTextBytes).size();
  Sandbox::of(lua).charge(bytes / kBytesAnInstruction);
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

// table.insert and table.remove: they shift all that is behind.
int bounded_shift(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const lua_Unsigned items = lua_rawlen(lua, 1);
  if (items >= Sandbox::kListItems)
    return luaL_error(lua, "a list of at most %d items is expected", int{Sandbox::kListItems});
  Sandbox::of(lua).charge(lua_gettop(lua) > 2 || lua_isnumber(lua, 2) ? items / kBytesAnInstruction : 0);
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

int repeat(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1, Sandbox::kTextBytes);
  const lua_Integer times = luaL_checkinteger(lua, 2);
  const std::string_view between =
      lua_isnoneornil(lua, 3) ? std::string_view() : text_argument(lua, 3, Sandbox::kTextBytes);
  if (times <= 0 || text.size() + between.size() == 0) {
    lua_pushliteral(lua, "");
    return 1;
  }
  if (static_cast<std::uint64_t>(times) > Sandbox::kTextBytes / (text.size() + between.size()))
    return luaL_error(lua, "the result would be longer than %d bytes", int{Sandbox::kTextBytes});
  std::string result;
  result.reserve(static_cast<std::size_t>(times) * (text.size() + between.size()));
  for (lua_Integer i = 0; i < times; ++i) {
    if (i > 0) result += between;
    result += text;
  }
  Sandbox::of(lua).charge(result.size() / kBytesAnInstruction);
  push_text(lua, result);
  return 1;
}

int concat(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const std::string_view between =
      lua_isnoneornil(lua, 2) ? std::string_view() : text_argument(lua, 2, Sandbox::kTextBytes);
  const lua_Integer first = luaL_optinteger(lua, 3, 1);
  const lua_Integer last =
      lua_isnoneornil(lua, 4) ? static_cast<lua_Integer>(lua_rawlen(lua, 1)) : luaL_checkinteger(lua, 4);
  std::string result;
  if (first <= last) {
    if (static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first) >= Sandbox::kListItems)
      return luaL_error(lua, "at most %d items can be joined", int{Sandbox::kListItems});
    const lua_Unsigned count = static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first) + 1;
    Sandbox::of(lua).charge(count);
    for (lua_Unsigned i = 0; i < count; ++i) {
      lua_rawgeti(lua, 1, static_cast<lua_Integer>(static_cast<lua_Unsigned>(first) + i));
      if (!lua_isstring(lua, -1))
        return luaL_error(lua, "a %s stands in the list of texts to be joined", luaL_typename(lua, -1));
      std::size_t size = 0;
      const char* const text = lua_tolstring(lua, -1, &size);
      if (result.size() + size + between.size() > Sandbox::kTextBytes)
        return luaL_error(lua, "the result would be longer than %d bytes", int{Sandbox::kTextBytes});
      if (i > 0) result += between;
      result.append(text, size);
      lua_pop(lua, 1);
    }
  }
  Sandbox::of(lua).charge(result.size() / kBytesAnInstruction);
  push_text(lua, result);
  return 1;
}

int unpack(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const lua_Integer first = luaL_optinteger(lua, 2, 1);
  const lua_Integer last =
      lua_isnoneornil(lua, 3) ? static_cast<lua_Integer>(lua_rawlen(lua, 1)) : luaL_checkinteger(lua, 3);
  if (first > last) return 0;
  const lua_Unsigned span = static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first);
  if (span >= kUnpacked || !lua_checkstack(lua, kUnpacked))
    return luaL_error(lua, "at most %d items can be unpacked", kUnpacked);
  for (lua_Unsigned i = 0; i <= span; ++i)
    lua_rawgeti(lua, 1, static_cast<lua_Integer>(static_cast<lua_Unsigned>(first) + i));
  return static_cast<int>(span) + 1;
}

// In Lua, so that the hook sees every step of it: Lua's own compares texts of any length in C.
constexpr std::string_view kSort = R"(local error, type = ...
return function(list, less)
  if type(list) ~= "table" then error("sort: a list is expected, not a " .. type(list), 2) end
  if less ~= nil and type(less) ~= "function" then error("sort: a function is expected, not a " .. type(less), 2) end
  less = less or function(a, b) return a < b end
  local count, from, into, width = #list, list, {}, 1
  while width < count do
    for low = 1, count, 2 * width do
      local middle, high = low + width, low + 2 * width
      if middle > count + 1 then middle = count + 1 end
      if high > count + 1 then high = count + 1 end
      local left, right = low, middle
      for at = low, high - 1 do
        if left < middle and (right >= high or not less(from[right], from[left])) then
          into[at], left = from[left], left + 1
        else
          into[at], right = from[right], right + 1
        end
      end
    end
    if from == list then from, into = into, {} else from, into = into, from end
    width = 2 * width
  end
  if from ~= list then for at = 1, count do list[at] = from[at] end end
end)";

int log_text(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1, Sandbox::kTextBytes);
  Sandbox& sandbox = Sandbox::of(lua);
  sandbox.charge(1000);
  sandbox.log(text.substr(0, kLoggedBytes));
  return 0;
}

// ---- re: RE2, so no expression takes more than linear time ----

struct Matched {
  std::array<re2::StringPiece, kCaptures + 1> parts;
  int groups = 0;
};

// One look for `expression` in `text` from `at`.
bool match(lua_State* lua, const re2::RE2& expression, std::string_view text, std::size_t at, Matched& out) {
  out.groups = expression.NumberOfCapturingGroups();
  if (out.groups > kCaptures) luaL_error(lua, "an expression has at most %d groups", kCaptures);
  Sandbox::of(lua).charge(10 + (text.size() - at) / kBytesAnInstruction);
  const bool found =
      expression.Match({text.data(), text.size()}, at, text.size(), re2::RE2::UNANCHORED, out.parts.data(), out.groups + 1);
  Sandbox::of(lua).charge(text.size() - at > Sandbox::kMatchBytes / 16 ? Sandbox::kHookEvery : 0);
  return found;
}

// re.find(text, expression [, from]) → first, last; nil
int re_find(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1, Sandbox::kMatchBytes);
  const std::string_view pattern = text_argument(lua, 2, Sandbox::kTextBytes);
  const lua_Integer from = luaL_optinteger(lua, 3, 1);
  Matched matched;
  if (from < 1 || static_cast<lua_Unsigned>(from) > text.size() + 1 ||
      !match(lua, Sandbox::of(lua).expression(pattern), text, static_cast<std::size_t>(from - 1), matched)) {
    lua_pushnil(lua);
    return 1;
  }
  const auto first = static_cast<lua_Integer>(matched.parts[0].data() - text.data());
  lua_pushinteger(lua, first + 1);
  lua_pushinteger(lua, first + static_cast<lua_Integer>(matched.parts[0].size()));
  return 2;
}

// re.match(text, expression) → its groups, or all of it where it has none; nil
int re_match(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1, Sandbox::kMatchBytes);
  const std::string_view pattern = text_argument(lua, 2, Sandbox::kTextBytes);
  Matched matched;
  if (!match(lua, Sandbox::of(lua).expression(pattern), text, 0, matched)) {
    lua_pushnil(lua);
    return 1;
  }
  luaL_checkstack(lua, kCaptures + 1, nullptr);
  const int first = matched.groups == 0 ? 0 : 1;
  for (int i = first; i <= matched.groups; ++i) {
    const re2::StringPiece& part = matched.parts[static_cast<std::size_t>(i)];
    if (part.data()) lua_pushlstring(lua, part.data(), part.size());
    else lua_pushnil(lua);
  }
  return matched.groups - first + 1;
}

// How long a match's rewrite is, before it is made: one that names a long group often takes far more than both.
std::size_t rewritten_bytes(std::string_view rewrite, const Matched& matched) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rewrite.size(); ++i) {
    if (rewrite[i] != '\\' || i + 1 == rewrite.size()) ++bytes;
    else if (const char next = rewrite[++i]; next >= '0' && next <= '9')
      bytes += matched.parts[static_cast<std::size_t>(next - '0')].size();
    else ++bytes;
  }
  return bytes;
}

// re.replace(text, expression, rewrite) → text, how often; \1 in `rewrite` is the first group
int re_replace(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1, Sandbox::kMatchBytes);
  const std::string_view pattern = text_argument(lua, 2, Sandbox::kTextBytes);
  const std::string_view rewrite = text_argument(lua, 3, Sandbox::kTextBytes);
  Sandbox& sandbox = Sandbox::of(lua);
  const re2::RE2& expression = sandbox.expression(pattern);
  std::string wrong;
  if (!expression.CheckRewriteString({rewrite.data(), rewrite.size()}, &wrong))
    return luaL_error(lua, "the rewrite is wrong: %s", wrong.c_str());
  const auto too_long = [lua] {
    return luaL_error(lua, "the result would be longer than %d bytes", int{Sandbox::kTextBytes});
  };
  std::string result;
  lua_Integer count = 0;
  std::size_t at = 0;
  Matched matched;
  while (at <= text.size() && match(lua, expression, text, at, matched)) {
    const re2::StringPiece& whole = matched.parts[0];
    const auto begin = static_cast<std::size_t>(whole.data() - text.data());
    result.append(text.substr(at, begin - at));
    const std::size_t bytes = rewritten_bytes(rewrite, matched);
    if (bytes > Sandbox::kTextBytes || result.size() + bytes > Sandbox::kTextBytes) return too_long();
    sandbox.charge((rewrite.size() + bytes) / kBytesAnInstruction);
    expression.Rewrite(&result, {rewrite.data(), rewrite.size()}, matched.parts.data(), matched.groups + 1);
    ++count;
    at = begin + whole.size();
    if (whole.empty()) {  // move on by what stands there
      if (at < text.size()) result.push_back(text[at]);
      ++at;
    }
    if (result.size() > Sandbox::kTextBytes) return too_long();
  }
  if (at < text.size()) result.append(text.substr(at));
  push_text(lua, result);
  lua_pushinteger(lua, count);
  return 2;
}

void add_function(lua_State* lua, const char* name, lua_CFunction function) {
  lua_pushcfunction(lua, function);
  lua_setfield(lua, -2, name);
}

// Takes functions of the table at `from` over into the one on top, each behind `guard` if there is one.
template <std::size_t N>
void take(lua_State* lua, int from, const std::array<const char*, N>& names, lua_CFunction guard) {
  for (const char* name : names) {
    lua_getfield(lua, from, name);
    if (guard) lua_pushcclosure(lua, guard, 1);
    lua_setfield(lua, -2, name);
  }
}

}  // namespace

void add_library(lua_State* lua) {
  const int environment = lua_gettop(lua);
  luaL_checkstack(lua, 20, nullptr);
  luaL_requiref(lua, "_G", luaopen_base, 0);
  const int base = lua_gettop(lua);
  lua_pushvalue(lua, environment);
  take(lua, base, std::array{"assert", "error", "ipairs", "next", "pairs", "select", "tostring", "type"}, nullptr);
  take(lua, base, std::array{"tonumber"}, bounded);

  luaL_requiref(lua, "math", luaopen_math, 0);
  lua_setfield(lua, environment, "math");

  luaL_requiref(lua, "utf8", luaopen_utf8, 0);
  const int utf8 = lua_gettop(lua);
  lua_newtable(lua);
  take(lua, utf8, std::array{"char", "codes", "codepoint", "len", "offset"}, bounded);
  take(lua, utf8, std::array{"charpattern"}, nullptr);
  lua_setfield(lua, environment, "utf8");

  luaL_requiref(lua, "table", luaopen_table, 0);
  const int table = lua_gettop(lua);
  lua_newtable(lua);
  take(lua, table, std::array{"insert", "remove"}, bounded_shift);
  add_function(lua, "concat", concat);
  add_function(lua, "unpack", unpack);
  if (luaL_loadbufferx(lua, kSort.data(), kSort.size(), "=sort", "t") != LUA_OK) lua_error(lua);
  lua_getfield(lua, base, "error");
  lua_getfield(lua, base, "type");
  lua_call(lua, 2, 1);
  lua_setfield(lua, -2, "sort");
  lua_setfield(lua, environment, "table");

  luaL_requiref(lua, "string", luaopen_string, 0);
  const int string = lua_gettop(lua);
  lua_newtable(lua);
  take(lua, string, std::array{"byte", "char", "format", "len", "lower", "reverse", "sub", "upper"}, bounded);
  add_function(lua, "rep", repeat);
  // ("x"):rep() finds it through the metatable all texts have; of that, only arithmetic on numbers in texts stays.
  lua_pushliteral(lua, "");
  lua_getmetatable(lua, -1);
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_pop(lua, 2);
  lua_setfield(lua, environment, "string");

  lua_newtable(lua);
  add_function(lua, "find", re_find);
  add_function(lua, "match", re_match);
  add_function(lua, "replace", re_replace);
  lua_setfield(lua, environment, "re");

  lua_settop(lua, environment);
  add_function(lua, "log", log_text);
}

}  // namespace logystera::plugin
