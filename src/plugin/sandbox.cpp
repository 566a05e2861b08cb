#include "plugin/sandbox.hpp"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>
#include <cstdlib>

#include "core/clock.hpp"
#include "plugin/lua.hpp"

namespace logystera::plugin {
namespace {

constexpr std::size_t kPatternBytes = 1024;
constexpr std::int64_t kExpressionBytes = 256 * 1024;  // RE2's memory for one, its automaton included
constexpr int kExpressionProgram = 2'000;              // instructions of RE2: what one byte of text costs at most
constexpr std::int64_t kWaitsMost = 9;                 // times the budget's time, behind its deadline
constexpr std::size_t kMessageBytes = 1024;

static_assert(LUA_EXTRASPACE >= sizeof(void*));

}  // namespace

Sandbox& Sandbox::of(lua_State* lua) noexcept { return **static_cast<Sandbox**>(lua_getextraspace(lua)); }

Sandbox::Sandbox(std::size_t memory_bytes, std::function<void(std::string_view)> log)
    : memory_bytes_(memory_bytes), log_(std::move(log)) {
  state_ = lua_newstate(&Sandbox::allocate, this);
  if (!state_) return;
  *static_cast<Sandbox**>(lua_getextraspace(state_)) = this;
  lua_pushcfunction(state_, &Sandbox::build);
  if (lua_pcall(state_, 0, 0, 0) != LUA_OK) {
    lua_close(state_);
    state_ = nullptr;
  }
}

Sandbox::~Sandbox() {
  if (state_) lua_close(state_);
}

// Lua takes no memory it has not asked for here.
void* Sandbox::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  Sandbox& sandbox = *static_cast<Sandbox*>(self);
  const std::size_t before = block ? old_size : 0;  // without a block it is the kind of object
  if (new_size == 0) {
    std::free(block);
    sandbox.used_ -= before;
    return nullptr;
  }
  if (new_size > before && new_size - before > sandbox.memory_bytes_ - std::min(sandbox.used_, sandbox.memory_bytes_))
    return nullptr;
  void* const made = std::realloc(block, new_size);
  if (!made) return nullptr;
  sandbox.used_ += new_size - before;
  sandbox.most_used_ = std::max(sandbox.most_used_, sandbox.used_);
  return made;
}

int Sandbox::build(lua_State* lua) {
  lua_newtable(lua);
  add_library(lua);
  lua_pushcfunction(lua, &Sandbox::protected_call);
  lua_setfield(lua, -2, "pcall");
  // Nothing leads to the standard library any more: chunks see this table alone.
  lua_rawseti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushnil(lua);
  lua_setfield(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  return 0;
}

// pcall, but what stops a plugin is not caught: neither a spent budget nor exhausted memory.
int Sandbox::protected_call(lua_State* lua) {
  luaL_checkany(lua, 1);
  Sandbox& sandbox = of(lua);
  const int status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
  if (status == LUA_ERRMEM && sandbox.stopped_ == Stopped::no) sandbox.stopped_ = Stopped::memory;
  if (sandbox.stopped_ != Stopped::no) return lua_error(lua);
  lua_pushboolean(lua, status == LUA_OK);
  lua_insert(lua, 1);
  return lua_gettop(lua);
}

void Sandbox::raise_stop(int level) {
  const char* const what =
      stopped_ == Stopped::time ? "it took longer than it may" : "it used up the instructions it may run";
  luaL_where(state_, level);
  lua_pushstring(state_, what);
  lua_concat(state_, 2);
  lua_error(state_);
  std::abort();  // lua_error() does not return
}

void Sandbox::look_at_clock(int level) {
  const std::int64_t now = monotonic_ns();
  if (now <= deadline_ns_) return;
  // The machine may have been busy with something else.
  const std::int64_t processor = nanoseconds_of(time_of(CLOCK_THREAD_CPUTIME_ID));
  if (processor_from_ns_ == kUnknown) processor_from_ns_ = processor;
  if (processor - processor_from_ns_ <= time_ns_ && now - deadline_ns_ < kWaitsMost * time_ns_) return;
  stopped_ = Stopped::time;
  raise_stop(level);
}

void Sandbox::hook(lua_State* lua, lua_Debug*) {
  Sandbox& sandbox = of(lua);
  if (sandbox.stopped_ != Stopped::no) sandbox.raise_stop(0);
  if (sandbox.left_ < kHookEvery) {
    sandbox.stopped_ = Stopped::instructions;
    sandbox.raise_stop(0);
  }
  sandbox.left_ -= kHookEvery;
  sandbox.look_at_clock(0);
}

void Sandbox::charge(std::uint64_t instructions) {
  if (left_ < instructions) {
    left_ = 0;
    stopped_ = Stopped::instructions;
    raise_stop(1);
  }
  left_ -= instructions;
  if (instructions >= kHookEvery) look_at_clock(1);
}

Error Sandbox::failure(int status) {
  if (status == LUA_ERRMEM && stopped_ == Stopped::no) stopped_ = Stopped::memory;
  std::string message;
  if (stopped_ == Stopped::memory) {
    message = fmt::format("it needs more than the {} MiB of memory it may have", memory_bytes_ >> 20);
  } else if (lua_type(state_, -1) == LUA_TSTRING) {
    std::size_t size = 0;
    const char* const text = lua_tolstring(state_, -1, &size);
    message.assign(text, std::min(size, kMessageBytes));
  } else {
    message = fmt::format("it raised an error that is no text but a {}", luaL_typename(state_, -1));
  }
  lua_pop(state_, 1);
  return Error{std::move(message), ErrorKind::invalid};
}

Result<Done> Sandbox::run(const std::string& name, std::string_view text, Budget budget) {
  if (!state_) return Error{fmt::format("there are not enough of {} MiB of memory to run Lua", memory_bytes_ >> 20)};
  stopped_ = Stopped::no;
  const std::string chunk = "@" + name;
  const int status = luaL_loadbufferx(state_, text.data(), text.size(), chunk.c_str(), "t");
  if (status != LUA_OK) return failure(status);
  return call(0, 0, budget);
}

Result<Done> Sandbox::call(int arguments, int results, Budget budget) {
  stopped_ = Stopped::no;
  left_ = budget.instructions;
  time_ns_ = budget.time_ns;
  deadline_ns_ = monotonic_ns() + budget.time_ns;
  // A system call, which would be half of a short hook's time.
  processor_from_ns_ = budget.time_ns >= kLoadNs ? nanoseconds_of(time_of(CLOCK_THREAD_CPUTIME_ID)) : kUnknown;
  lua_sethook(state_, &Sandbox::hook, LUA_MASKCOUNT, kHookEvery);
  const int status = lua_pcall(state_, arguments, results, 0);
  if (status == LUA_OK) return Done{};
  return failure(status);
}

int Sandbox::push_global(const char* name) {
  lua_rawgeti(state_, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushstring(state_, name);
  const int type = lua_rawget(state_, -2);
  lua_remove(state_, -2);
  return type;
}

const re2::RE2& Sandbox::expression(std::string_view pattern) {
  const std::string key(pattern.substr(0, kPatternBytes));
  if (pattern.size() > kPatternBytes)
    luaL_error(state_, "an expression has at most %d bytes", static_cast<int>(kPatternBytes));
  if (const auto known = expressions_.find(key); known != expressions_.end()) return *known->second;
  charge(1000);
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kExpressionBytes);
  auto compiled = std::make_unique<const re2::RE2>(key, options);
  if (!compiled->ok()) luaL_error(state_, "the expression is none RE2 can run: %s", compiled->error().c_str());
  if (compiled->ProgramSize() > kExpressionProgram)
    luaL_error(state_, "the expression is too large: shorten its repetitions");
  if (expressions_.size() == kExpressions) expressions_.clear();
  return *expressions_.emplace(key, std::move(compiled)).first->second;
}

}  // namespace logystera::plugin
