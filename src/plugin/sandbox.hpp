// A Lua state that can hold up nobody: what a plugin's code may call is a list, and memory, instructions and time are bounded.
//
// The interpreter's own checks are not enough. A hook sees Lua instructions only, so every C function here is bounded in what one
// call may take, and those that are not (Lua's patterns, table.move, table.sort, string.rep …) are left out or written anew. The
// hook runs every 50 instructions, because a thousand calls of a slow function between two looks at the clock are seconds. Lua's
// pcall would catch the hook's own error in a loop for ever: ours raises it again. Bytecode is refused, which Lua does not verify.
//
// These are guard rails around the code of whoever runs the program, not a place for strangers' code: the interpreter has had
// faults that a hostile script can use (CVE-2022-33099 among them).
//
// Linked with Debian's build of Lua as C++ (liblua5.4-c++): its errors are exceptions, so destructors run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/result.hpp"

struct lua_State;
struct lua_Debug;

namespace re2 {
class RE2;
}

namespace logystera::plugin {

/// What a plugin's code may take. Time is the clock's, but a thread that had to wait for a processor is not held to it: it is
/// stopped once it has had that much processor time, or ten times as much has passed. Instructions are the interpreter's, plus what bounded functions charge for long texts.
struct Budget {
  std::uint64_t instructions = 0;
  std::int64_t time_ns = 0;
};

inline constexpr std::int64_t kLoadNs = 1'000'000'000;
inline constexpr Budget kHookBudget{100'000, 50'000'000};  // one call of a parser or an enricher

/// Why code was stopped, if it was the sandbox that did it.
enum class Stopped : std::uint8_t { no, instructions, time, memory };

class Sandbox {
 public:
  static constexpr std::size_t kTextBytes = 1024 * 1024;  // of what one library call takes or makes
  static constexpr std::size_t kMatchBytes = 64 * 1024;   // of a text an expression is run over
  static constexpr std::size_t kExpressions = 32;         // compiled ones that are remembered
  static constexpr std::size_t kListItems = 100'000;      // of a list that library functions shift or join
  static constexpr int kHookEvery = 50;                   // instructions

  /// `log` gets what the plugin says with log(text); null: nobody listens.
  Sandbox(std::size_t memory_bytes, std::function<void(std::string_view)> log);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  /// Null if there was no memory for a state at all.
  lua_State* state() const noexcept { return state_; }

  /// Runs a chunk. Errors begin "NAME:LINE: "; `name` is at most 50 bytes, or Lua shortens it.
  Result<Done> run(const std::string& name, std::string_view text, Budget budget);
  /// Calls the function below its `arguments` on the stack. After an error nothing is left of them.
  Result<Done> call(int arguments, int results, Budget budget);
  /// The global `name` of the chunk, pushed; its Lua type.
  int push_global(const char* name);

  /// Of the last run() or call().
  Stopped stopped() const noexcept { return stopped_; }
  std::size_t memory_used() const noexcept { return used_; }
  std::size_t memory_most() const noexcept { return most_used_; }

  /// The sandbox a state belongs to.
  static Sandbox& of(lua_State* lua) noexcept;
  /// Charges for work the hook does not see; raises a Lua error when the budget is spent. Only inside of a call.
  void charge(std::uint64_t instructions);
  /// A compiled expression; raises a Lua error that says what is wrong with it.
  const re2::RE2& expression(std::string_view pattern);
  void log(std::string_view text) const {
    if (log_) log_(text);
  }

 private:
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  static void hook(lua_State* lua, lua_Debug* activation);
  static int protected_call(lua_State* lua);
  static int build(lua_State* lua);
  static constexpr std::int64_t kUnknown = -1;
  [[noreturn]] void raise_stop(int level);
  void look_at_clock(int level);
  Error failure(int status);

  const std::size_t memory_bytes_;
  const std::function<void(std::string_view)> log_;
  lua_State* state_ = nullptr;
  std::size_t used_ = 0, most_used_ = 0;
  std::uint64_t left_ = 0;
  std::int64_t time_ns_ = 0, deadline_ns_ = 0;
  std::int64_t processor_from_ns_ = kUnknown;  // processor time of the thread at the start, or when the deadline passed
  Stopped stopped_ = Stopped::no;
  std::unordered_map<std::string, std::unique_ptr<const re2::RE2>> expressions_;
};

/// Fills the table on top of the stack with the functions a plugin may call (library.cpp).
void add_library(lua_State* lua);

}  // namespace logystera::plugin
