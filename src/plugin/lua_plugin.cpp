#include "plugin/lua_plugin.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/json.hpp"
#include "plugin/lua.hpp"

namespace logystera::plugin {
namespace {

std::uint32_t line_of_caller(lua_State* lua) {
  lua_Debug activation{};
  if (lua_getstack(lua, 1, &activation) == 0 || lua_getinfo(lua, "l", &activation) == 0 || activation.currentline < 0)
    return 0;
  return static_cast<std::uint32_t>(activation.currentline);
}

std::string_view text_at(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  return {text, size};
}

constexpr std::size_t kDefinitionBytes = 1024 * 1024;  // of all texts of one rule or format

// Tables become lists and maps; a list is what has the keys 1 to n and no other. What stands in a table in no order is taken in the
// order of its keys, so that the same plugin registers the same.
class Reading {
 public:
  Reading(lua_State* lua, std::uint32_t line) : lua_(lua), line_(line) {}

  yaml::Node read(int index, std::size_t depth) {
    index = lua_absindex(lua_, index);
    Sandbox::of(lua_).charge(10);
    if (++nodes_ > kNodesMost) luaL_error(lua_, "a definition has at most %d values", int{kNodesMost});
    switch (lua_type(lua_, index)) {
      case LUA_TNIL: return empty_node(yaml::Node::Kind::null, line_);
      case LUA_TBOOLEAN: return boolean_node(lua_toboolean(lua_, index) != 0, line_);
      case LUA_TSTRING: return text_node(text(index), line_);
      case LUA_TNUMBER: {
        if (lua_isinteger(lua_, index)) return integer_node(lua_tointeger(lua_, index), line_);
        const double number = lua_tonumber(lua_, index);
        if (!std::isfinite(number)) luaL_error(lua_, "a number that is not finite stands in the definition");
        return real_node(number, line_);
      }
      case LUA_TTABLE: return table(index, depth);
      default:
        luaL_error(lua_, "a %s stands in the definition: write texts, numbers, booleans and tables",
                   luaL_typename(lua_, index));
    }
    return {};
  }

 private:
  std::string_view text(int index) {
    const std::string_view text = text_at(lua_, index);
    if (text.size() > kNodeTextBytes) luaL_error(lua_, "a text of a definition has at most %d bytes", int{kNodeTextBytes});
    // One text may stand in many places, and each gets a copy of its own.
    bytes_ += text.size();
    if (bytes_ > kDefinitionBytes)
      luaL_error(lua_, "the texts of a definition have at most %d bytes together", int{kDefinitionBytes});
    Sandbox::of(lua_).charge(text.size() / 16);
    if (!json::is_utf8(text)) luaL_error(lua_, "a text of the definition is not valid UTF-8");
    return text;
  }

  yaml::Node table(int index, std::size_t depth) {
    if (depth == kDepthMost) luaL_error(lua_, "tables lie in each other more than %d deep", int{kDepthMost});
    luaL_checkstack(lua_, 4, nullptr);
    Sandbox::of(lua_).charge(10);
    const lua_Unsigned items = lua_rawlen(lua_, index);
    std::vector<std::string> keys;
    lua_Unsigned numbered = 0;
    for (lua_pushnil(lua_); lua_next(lua_, index) != 0; lua_pop(lua_, 1)) {
      if (keys.size() + numbered > kNodesMost) luaL_error(lua_, "a definition has at most %d values", int{kNodesMost});
      if (lua_type(lua_, -2) == LUA_TSTRING) keys.emplace_back(text(-2));
      else if (lua_isinteger(lua_, -2) && lua_tointeger(lua_, -2) >= 1 &&
               static_cast<lua_Unsigned>(lua_tointeger(lua_, -2)) <= items)
        ++numbered;
      else luaL_error(lua_, "a key of a table in the definition is neither a text nor one of 1, 2, 3 …");
    }
    if (numbered > 0 && !keys.empty()) luaL_error(lua_, "a table of the definition is half a list and half a map");
    if (numbered != items) luaL_error(lua_, "a list of the definition has gaps");
    if (keys.empty() && items == 0) return empty_node(yaml::Node::Kind::null, line_);
    yaml::Node node = empty_node(keys.empty() ? yaml::Node::Kind::list : yaml::Node::Kind::map, line_);
    for (lua_Unsigned i = 1; i <= items; ++i) {
      lua_rawgeti(lua_, index, static_cast<lua_Integer>(i));
      node.items.push_back(read(-1, depth + 1));
      lua_pop(lua_, 1);
    }
    std::sort(keys.begin(), keys.end());
    for (std::string& key : keys) {
      lua_pushlstring(lua_, key.data(), key.size());
      lua_rawget(lua_, index);
      yaml::Node value = read(-1, depth + 1);
      lua_pop(lua_, 1);
      node.entries.push_back({std::move(key), {line_, 1}, std::move(value)});
    }
    return node;
  }

  lua_State* const lua_;
  const std::uint32_t line_;
  std::size_t nodes_ = 0, bytes_ = 0;
};

void must(lua_State* lua, const Result<Done>& done) {
  if (!done) luaL_error(lua, "%s", done.error().message.c_str());
}

}  // namespace

// The functions of `registry`. The plugin may have kept the table, so each looks whether register() is running still.
struct Calls {
  // Registry and first argument, also of a call with a colon.
  static Registry& open(lua_State* lua) {
    LuaPlugin& plugin = *static_cast<LuaPlugin*>(lua_touserdata(lua, lua_upvalueindex(1)));
    if (!plugin.registry_) luaL_error(lua, "registry takes nothing once register() has returned");
    if (lua_rawequal(lua, 1, lua_upvalueindex(2))) lua_remove(lua, 1);
    return *plugin.registry_;
  }

  static int add_rule(lua_State* lua) {
    Registry& registry = open(lua);
    luaL_checktype(lua, 1, LUA_TTABLE);
    const std::uint32_t line = line_of_caller(lua);
    must(lua, registry.add_rule(Reading(lua, line).read(1, 0), line));
    return 0;
  }

  static int add_format(lua_State* lua) {
    Registry& registry = open(lua);
    luaL_checktype(lua, 1, LUA_TTABLE);
    const std::uint32_t line = line_of_caller(lua);
    must(lua, registry.add_format(Reading(lua, line).read(1, 0), line));
    return 0;
  }

  static int add_rule_dir(lua_State* lua) {
    Registry& registry = open(lua);
    std::size_t size = 0;
    const char* const path = luaL_checklstring(lua, 1, &size);
    must(lua, registry.add_rule_dir({path, size}, line_of_caller(lua)));
    return 0;
  }

  static int add_parser(lua_State* lua) {
    return add_hook(lua, "parse", [](Registry& registry, const yaml::Node& node, std::size_t number, std::uint32_t line) {
      return registry.add_parser(node, number, line);
    });
  }

  static int add_enricher(lua_State* lua) {
    return add_hook(lua, "run", [](Registry& registry, const yaml::Node& node, std::size_t number, std::uint32_t line) {
      return registry.add_enricher(node, number, line);
    });
  }

  // A table with a function under `key`; the rest of it is data.
  template <typename Add>
  static int add_hook(lua_State* lua, const char* key, Add add) {
    Registry& registry = open(lua);
    luaL_checktype(lua, 1, LUA_TTABLE);
    LuaPlugin& plugin = *static_cast<LuaPlugin*>(lua_touserdata(lua, lua_upvalueindex(1)));
    if (plugin.hooks_.size() == 2 * kHooksMost)
      return luaL_error(lua, "a plugin has at most %d hooks", static_cast<int>(2 * kHooksMost));
    const std::uint32_t line = line_of_caller(lua);
    lua_settop(lua, 1);
    lua_newtable(lua);
    for (lua_pushnil(lua); lua_next(lua, 1) != 0;) {
      lua_pushvalue(lua, -2);
      lua_insert(lua, -2);
      lua_rawset(lua, 2);
    }
    if (lua_getfield(lua, 2, key) != LUA_TFUNCTION) return luaL_error(lua, "the key %s must be a function", key);
    plugin.hooks_.push_back(luaL_ref(lua, LUA_REGISTRYINDEX));
    lua_pushnil(lua);
    lua_setfield(lua, 2, key);
    must(lua, add(registry, Reading(lua, line).read(2, 0), plugin.hooks_.size() - 1, line));
    return 0;
  }

  // (name, pattern, prefix), or a table with these keys.
  static int add_pii_pattern(lua_State* lua) {
    Registry& registry = open(lua);
    if (lua_type(lua, 1) == LUA_TTABLE) {
      for (lua_pushnil(lua); lua_next(lua, 1) != 0; lua_pop(lua, 1)) {
        const std::string_view key = lua_type(lua, -2) == LUA_TSTRING ? text_at(lua, -2) : std::string_view();
        if (key != "name" && key != "pattern" && key != "prefix")
          return luaL_error(lua, "add_pii_pattern: the keys are name, pattern and prefix, and no other");
      }
      lua_settop(lua, 1);
      for (const char* key : {"name", "pattern", "prefix"})
        if (lua_getfield(lua, 1, key) != LUA_TSTRING)
          return luaL_error(lua, "add_pii_pattern: the key %s must be a text", key);
      lua_remove(lua, 1);
    }
    for (int i = 1; i <= 3; ++i) luaL_checktype(lua, i, LUA_TSTRING);
    must(lua, registry.add_pattern(text_at(lua, 1), text_at(lua, 2), text_at(lua, 3)));
    return 0;
  }
};

LuaPlugin::LuaPlugin(const Source& source, const Options& options, std::function<void(std::string_view)> log)
    : source_(source), options_(options), sandbox_(options.memory_mib << 20, std::move(log)) {}

Error LuaPlugin::located(Error error) const {
  const std::string prefix = source_.name + ":";
  if (error.message.starts_with(prefix)) error.message = source_.path + error.message.substr(source_.name.size());
  else error.message = source_.path + ": " + error.message;
  return error;
}

void LuaPlugin::push_registry() {
  lua_State* const lua = sandbox_.state();
  constexpr std::pair<const char*, lua_CFunction> kCalls[] = {
      {"add_rule", &Calls::add_rule},         {"add_pii_pattern", &Calls::add_pii_pattern},
      {"add_rule_dir", &Calls::add_rule_dir}, {"add_format", &Calls::add_format},
      {"add_parser", &Calls::add_parser},     {"add_enricher", &Calls::add_enricher}};
  lua_newtable(lua);
  for (const auto& [name, function] : kCalls) {
    lua_pushlightuserdata(lua, this);
    lua_pushvalue(lua, -2);
    lua_pushcclosure(lua, function, 2);
    lua_setfield(lua, -2, name);
  }
}

Result<Done> LuaPlugin::enlist(Registry& registry) {
  const Budget budget{options_.instructions, kLoadNs};
  if (auto ran = sandbox_.run(source_.name, source_.text, budget); !ran) return located(ran.error());
  if (sandbox_.push_global("register") != LUA_TFUNCTION) {
    lua_pop(sandbox_.state(), 1);
    return located(Error{"has no function register(registry)", ErrorKind::invalid});
  }
  // In a protected call of its own: there may be no memory for it.
  lua_State* const lua = sandbox_.state();
  lua_pushcfunction(lua, [](lua_State* state) -> int {
    static_cast<LuaPlugin*>(lua_touserdata(state, 1))->push_registry();
    return 1;
  });
  lua_pushlightuserdata(lua, this);
  if (auto made = sandbox_.call(1, 1, budget); !made) return located(made.error());
  registry_ = &registry;
  auto done = sandbox_.call(1, 0, budget);
  registry_ = nullptr;
  if (!done) return located(done.error());
  return registry.check();
}

}  // namespace logystera::plugin
