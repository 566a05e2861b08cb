// What a plugin's code may not do: each way out of the sandbox is tried, and what stops it is named.
#include "plugin/sandbox.hpp"

#include "catch.hpp"
#include "plugin/lua.hpp"
#include "plugin/options.hpp"

using namespace logystera;
using plugin::Sandbox;
using plugin::Stopped;

namespace {

constexpr std::size_t kMemory = std::size_t{16} << 20;
constexpr plugin::Budget kBudget{plugin::kInstructionsByDefault, plugin::kLoadNs};

struct Outcome {
  bool ok = false;
  std::string error, answer;
  Stopped stopped = Stopped::no;
  std::size_t memory_most = 0;
};

// Runs a chunk that may set the global `answer`.
Outcome run(std::string_view code, plugin::Budget budget = kBudget) {
  Sandbox sandbox(kMemory, nullptr);
  REQUIRE(sandbox.state());
  const Result<Done> done = sandbox.run("attack.lua", code, budget);
  Outcome outcome{done.ok(), done ? "" : done.error().message, "", sandbox.stopped(), sandbox.memory_most()};
  if (sandbox.push_global("answer") != LUA_TNIL) outcome.answer = luaL_tolstring(sandbox.state(), -1, nullptr);
  return outcome;
}

std::string answer(std::string_view code) {
  const Outcome outcome = run(code);
  INFO(code << ": " << outcome.error);
  CHECK(outcome.ok);
  return outcome.answer;
}

}  // namespace

TEST_CASE("what_a_plugin_needs_is_there") {
  CHECK(answer("answer = ('ab'):rep(3, '-') .. #'xyz' .. ('Ab'):upper()") == "ab-ab-ab3AB");
  CHECK(answer("local t = {3, 1, 2} table.sort(t) answer = table.concat(t, ',')") == "1,2,3");
  CHECK(answer("local t = {'b', 'a', 'c'} table.sort(t, function(a, b) return a > b end) answer = table.concat(t)") ==
        "cba");
  CHECK(answer("local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t) "
               "for i = 2, #t do assert(t[i - 1] <= t[i]) end answer = #t") == "1000");
  CHECK(answer("local t = {1, 2, 4} table.insert(t, 3, 3) table.remove(t, 1) answer = table.concat(t, ' ', 1, 3)") ==
        "2 3 4");
  CHECK(answer("answer = select('#', table.unpack({1, 2, 3}))") == "3");
  CHECK(answer("answer = math.floor(3.7) .. utf8.char(228) .. utf8.len('äö')") == "3ä2");
  CHECK(answer("answer = string.format('%05d %s %q', 42, 'x', 'y')") == "00042 x \"y\"");
  CHECK(answer("local ok, why = pcall(error, {1}) answer = tostring(ok) .. type(why)") == "falsetable");
  CHECK(answer("local ok, a, b = pcall(function(x) return x, 2 end, 1) answer = tostring(ok) .. a .. b") == "true12");
  CHECK(answer("answer = tonumber('ff', 16) + '1'") == "256");
  CHECK(answer("answer = #string.format('%99.99f', 1e308)") == "409");
}

TEST_CASE("expressions_are_those_of_re2") {
  CHECK(answer("local a, b = re.find('one two', [[t\\w+]]) answer = a .. '-' .. b") == "5-7");
  CHECK(answer("local user, n = re.match('user=ann n=12', [[user=(\\w+) n=(\\d+)]]) answer = user .. n") == "ann12");
  CHECK(answer("answer = re.match('abc', 'b')") == "b");
  CHECK(answer("answer = tostring(re.match('abc', 'x'))") == "nil");
  CHECK(answer("local text, n = re.replace('a1b22', [[(\\d+)]], [[<\\1>]]) answer = text .. n") == "a<1>b<22>2");
  CHECK(answer("local text, n = re.replace('abc', 'x*', '-') answer = text .. n") == "-a-b-c-4");
  CHECK_THAT(run("re.match('a', '(')").error, Catch::Contains("attack.lua:1: the expression is none RE2 can run"));
  CHECK_THAT(run("re.match('a', [[(a)\\1]])").error, Catch::Contains("none RE2 can run"));
  CHECK_THAT(run("re.match('a', ('(?:a{1000})'):rep(3))").error, Catch::Contains("the expression is"));
}

TEST_CASE("what_leads_out_is_not_there") {
  for (const char* name : {"io",
                           "os",
                           "debug",
                           "load",
                           "loadfile",
                           "dofile",
                           "require",
                           "package",
                           "coroutine",
                           "collectgarbage",
                           "print",
                           "warn",
                           "getmetatable",
                           "setmetatable",
                           "rawset",
                           "rawget",
                           "rawequal",
                           "rawlen",
                           "xpcall",
                           "_G",
                           "string.find",
                           "string.match",
                           "string.gmatch",
                           "string.gsub",
                           "string.dump",
                           "string.pack",
                           "string.unpack",
                           "string.packsize",
                           "table.move",
                           "table.pack"}) {
    INFO(name);
    CHECK(answer(std::string("answer = tostring(") + name + ")") == "nil");
  }
  for (const char* name : {"find", "match", "gmatch", "gsub", "dump", "pack"}) {
    INFO(name);
    CHECK(answer(std::string("answer = tostring((''). ") + name + ")") == "nil");
  }
  CHECK(answer("answer = tostring(('').rep == string.rep)") == "true");
}

TEST_CASE("bytecode_is_refused") {
  const Outcome outcome = run("\x1bLua");
  CHECK_FALSE(outcome.ok);
  CHECK_THAT(outcome.error, Catch::Contains("attempt to load a binary chunk"));
}

TEST_CASE("what_never_ends_is_stopped_by_its_budget") {
  struct Attack {
    const char* name;
    const char* code;
  };
  const Attack attacks[] = {
      {"loop", "while true do end"},
      {"pcall in a loop", "while true do pcall(function() while true do end end) end"},
      {"pcall in pcall", "local function f() while true do pcall(f) end end f()"},
      {"goto", "::again:: goto again"},
      {"sort of many", "local t = {} for i = 1, 200000 do t[i] = 200000 - i end while true do table.sort(t) end"},
      {"sort that says yes",
       "local t = {} for i = 1, 200000 do t[i] = i end table.sort(t, function() return true end) while true do end"},
      {"sort of long texts",
       "local s = ('x'):rep(1000000) local t = {} for i = 1, 90000 do t[i] = s end while true do table.sort(t) end"},
      {"upper of long texts", "local s = ('x'):rep(1000000) while true do s:upper() end"},
      {"reverse of long texts", "local s = ('x'):rep(1000000) while true do s:reverse() end"},
      {"repeat", "while true do ('x'):rep(1000000) end"},
      {"join", "local t = {} for i = 1, 90000 do t[i] = 'abc' end while true do table.concat(t) end"},
      {"insert in front", "local t = {} while true do for i = 1, 90000 do table.insert(t, 1, i) end t = {} end"},
      {"expression", "local s = ('a'):rep(60000) while true do re.match(s, '(a?){30}b$') end"},
      {"expression that grows", "local i = 0 while true do i = i + 1 re.match('a', 'a' .. i) end"},
      {"comparison of long texts",
       "local s = ('x'):rep(1000000) local a, b = s .. 'a', s .. 'b' while true do local c = a < b end"},
      {"next over nothing",
       "local t = {} for i = 1, 200000 do t[i] = i end for i = 1, 200000 do t[i] = nil end while true do next(t) end"},
  };
  for (const Attack& attack : attacks) {
    const Outcome outcome = run(attack.code);
    INFO(attack.name << ": " << outcome.error);
    CHECK_FALSE(outcome.ok);
    CHECK((outcome.stopped == Stopped::instructions || outcome.stopped == Stopped::time));
    CHECK(outcome.memory_most <= kMemory);
  }
}

TEST_CASE("the_budget_that_is_spent_is_named") {
  const Outcome few = run("while true do end", {10'000, std::int64_t{3'600'000'000'000}});
  CHECK(few.stopped == Stopped::instructions);
  CHECK(few.error == "attack.lua:1: it used up the instructions it may run");
  const Outcome late = run("\nwhile true do end", {std::uint64_t{1} << 60, 1});
  CHECK(late.stopped == Stopped::time);
  CHECK(late.error == "attack.lua:2: it took longer than it may");
}

TEST_CASE("what_takes_memory_without_end_is_stopped_by_the_limit") {
  for (const char* code : {"local t = {} for i = 1, 1e9 do t[i] = i end", "local s = 'x' while true do s = s .. s end",
                           "local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end",
                           "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1000000) .. #t end) end"}) {
    const Outcome outcome = run(code);
    INFO(code << ": " << outcome.error);
    CHECK_FALSE(outcome.ok);
    CHECK(outcome.stopped == Stopped::memory);
    CHECK(outcome.error == "it needs more than the 16 MiB of memory it may have");
    CHECK(outcome.memory_most <= kMemory);
  }
}

TEST_CASE("one_call_that_would_take_too_much_is_an_error") {
  for (const char* code :
       {"return #string.rep('x', 1 << 40)", "return #string.rep('x', 12 << 20)", "string.rep('', 1 << 60)  error('x')",
        "return #table.concat({}, 'x', 1, 1e7)", "return select('#', table.unpack({}, 1, 1e7))",
        "table.concat({}, '', math.mininteger, math.maxinteger)", "table.unpack({}, math.mininteger, math.maxinteger)",
        "local function f() return 1 + f() end f()", "re.replace(('a'):rep(1000), '.', ('b'):rep(100000))",
        "re.replace(('a'):rep(65536), '.*', ('\\\\0'):rep(500000))",
        "re.replace(('a'):rep(65536), '.*', ('\\\\0'):rep(17))", "local s = ('x'):rep(1 << 20) return (s .. s):upper()",
        "local t = {} for i = 1, 150000 do t[i] = i end table.insert(t, 1, 0)", "return re.match(('a'):rep(70000), 'b')",
        "error()", "error({})", "return nil + 1"}) {
    const Outcome outcome = run(code);
    INFO(code);
    CHECK_FALSE(outcome.ok);
    CHECK_FALSE(outcome.error.empty());
    CHECK(outcome.memory_most <= kMemory);
  }
  // 300 brackets within each other are not too many for data, but for the parser they are.
  CHECK_FALSE(run("return " + std::string(300, '(') + "1" + std::string(300, ')')).ok);
  CHECK_FALSE(run(std::string("return ") + std::string(100'000, '{')).ok);
}

TEST_CASE("a_sandbox_goes_on_after_what_it_stopped") {
  Sandbox sandbox(kMemory, nullptr);
  CHECK_FALSE(sandbox.run("a.lua", "local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end", kBudget).ok());
  CHECK_FALSE(sandbox.run("b.lua", "while true do end", {10'000, plugin::kLoadNs}).ok());
  CHECK(sandbox.run("c.lua", "answer = 1", kBudget).ok());
  CHECK(sandbox.stopped() == Stopped::no);
}

TEST_CASE("too_little_memory_for_a_state_is_an_error") {
  Sandbox sandbox(1024, nullptr);
  CHECK_FALSE(sandbox.run("a.lua", "x = 1", kBudget).ok());
  Sandbox small(40 * 1024, nullptr);
  CHECK_FALSE(small.run("a.lua", "local t = {} for i = 1, 10000 do t[i] = {} end", kBudget).ok());
}
