// Plugins as files: what they register, what is wrong with them, and that a faulty one takes nothing along.
#include "plugin/plugin.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "eventually.hpp"
#include "plugin/python.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::eventually;
using logystera::testing::Scratch;

namespace {

void write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), 0644);
}

struct House {
  Scratch scratch;
  plugin::Options options;

  House() { options.directory = scratch.file(""); }

  std::vector<plugin::Plugin> load(const std::vector<redact::Pattern>& patterns = {}) const {
    auto loaded = plugin::load(options, patterns);
    REQUIRE(loaded.ok());
    return std::move(loaded).value();
  }
  plugin::Plugin load(const std::string& name, std::string_view text) const {
    write(scratch.file(name), text);
    auto plugins = load();
    REQUIRE(plugins.size() == 1);
    return std::move(plugins.front());
  }
  /// What is wrong with a plugin, behind the name of its directory.
  std::string fault(const std::string& name, std::string_view text) const {
    const plugin::Plugin plugin = load(name, text);
    CHECK(plugin::summary(plugin.given) == "nothing");
    REQUIRE(plugin.fault.starts_with(scratch.file("")));
    return plugin.fault.substr(scratch.file("").size());
  }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

constexpr std::string_view kLua = R"lua(function register(registry)
  registry.add_rule{ id="MY_DB_LEAK", title="Credentials in a log", level="critical",
                     detection={ match={ {field="message", op="regex", value=[[postgresql://\S+:\S+@]]} } } }
  registry.add_pii_pattern{ name="employee_id", pattern=[[\bEMP-\d{4,8}\b]], prefix="employee" }
  registry.add_pii_pattern("order_id", [[\bORD-[A-Z0-9]{8,12}\b]], "order")
  registry.add_rule_dir("my_rules")
  registry.add_format{ name="app", reader="access", kind="web_access", nginx="$remote_addr [$time_local] $status",
                       samples={ {line="192.0.2.1 [18/May/2026:10:00:01 +0000] 404", time="2026-05-18T10:00:01Z"} } }
end
)lua";

constexpr std::string_view kRule =
    "id: OWN\ntitle: Own\nlevel: low\ndetection: {match: [{field: message, op: contains, value: x}]}\n";

// An example people know, with its own quotes and calls.
constexpr std::string_view kPython = R"py(def register(registry) -> None:
    # Custom detection rule
    registry.add_rule({
        "id": "MY_DB_LEAK",
        "title": "Database credentials exposed in log",
        "description": "Fires when a connection string appears in a log message.",
        "level": "critical",
        "detection": {
            "match": [
                {"field": "message", "op": "regex", "value": r"postgresql://\S+:\S+@"},
            ]
        },
    })
    # Custom PII pattern — redacts internal employee IDs
    registry.add_pii_pattern(
        name="employee_id",
        pattern=r"\bEMP-\d{4,8}\b",
        prefix="employee",
    )
    # Load an entire directory of YAML rule files
    from pathlib import Path
    registry.add_rule_dir(Path(__file__).parent / "my_rules")
)py";

bool python_is_there() { return !plugin::python_interpreter().empty(); }

}  // namespace

TEST_CASE("a_plugin_in_lua_registers_rules_patterns_directories_and_formats") {
  const House house;
  std::filesystem::create_directory(house.scratch.file("my_rules"));
  write(house.scratch.file("my_rules/own.yml"), kRule);
  const plugin::Plugin plugin = house.load("my_plugin.lua", kLua);
  CHECK(plugin.fault.empty());
  CHECK(plugin.warnings.empty());
  CHECK(plugin::summary(plugin.given) == "1 rule, 1 rule directory, 2 patterns, 1 format");
  REQUIRE(plugin.given.rules.size() == 1);
  CHECK(plugin.given.rules.front().root.at.line == 2);
  CHECK(plugin.given.rules.front().root.find("id")->text == "MY_DB_LEAK");
  REQUIRE(plugin.given.patterns.size() == 2);
  CHECK(plugin.given.patterns.back().prefix() == "order");
  CHECK(plugin.given.formats.front().name == "app");
}

TEST_CASE("a_plugin_in_python_registers_the_same") {
  if (!python_is_there()) SUCCEED("skipped: there is no python3");
  else {
    const House house;
    const plugin::Plugin without = house.load("my_plugin.py", kPython);
    CHECK(without.fault.empty());
    CHECK(plugin::summary(without.given) == "1 rule, 1 pattern");
    REQUIRE(without.warnings.size() == 1);
    CHECK(has(without.warnings.front(), "my_plugin.py:22: add_rule_dir: "));
    CHECK(has(without.warnings.front(), "my_rules is no directory, so no rules come from it"));
    std::filesystem::create_directory(house.scratch.file("my_rules"));
    const plugin::Plugin plugin = house.load("my_plugin.py", kPython);
    CHECK(plugin.warnings.empty());
    CHECK(plugin::summary(plugin.given) == "1 rule, 1 rule directory, 1 pattern");
    CHECK(plugin.given.rules.front().root.at.line == 3);
  }
}

TEST_CASE("plugins_run_in_the_order_of_their_names_and_hidden_files_are_none") {
  const House house;
  for (const char* name : {"b.lua", "a.lua", ".c.lua", "d.txt", "c.lua"})
    write(house.scratch.file(name), "function register() end");
  const auto plugins = house.load();
  REQUIRE(plugins.size() == 3);
  CHECK(plugins[0].path == house.scratch.file("a.lua"));
  CHECK(plugins[2].path == house.scratch.file("c.lua"));
}

TEST_CASE("a_faulty_plugin_is_named_with_its_line_and_takes_nothing_along") {
  const House house;
  CHECK(house.fault("x.lua", "x = 1") == "x.lua: has no function register(registry)");
  CHECK(house.fault("x.lua", "function register(r)\n  error('boom')\nend") == "x.lua:2: boom");
  CHECK(house.fault("x.lua", "function register(r)\n  print(1)\nend") ==
        "x.lua:2: attempt to call a nil value (global 'print')");
  CHECK(has(house.fault("x.lua", "function register(r"), "x.lua:1: "));
  CHECK(house.fault("x.lua", "function register(r)\n r.add_pii_pattern('a', 'b+', 'c')\n while true do end end") ==
        "x.lua:3: it used up the instructions it may run");
  CHECK(has(house.fault("x.lua", "\x1bLua"), "attempt to load a binary chunk"));
  CHECK(house.fault("x.lua", "function register(r)\n local t = {} while true do t[#t + 1] = {} end end") ==
        "x.lua: it needs more than the 16 MiB of memory it may have");
  CHECK(house.fault("x.lua", "function register(r) error({}) end") ==
        "x.lua: it raised an error that is no text but a table");
}

TEST_CASE("what_is_registered_is_checked_where_it_is_registered") {
  const House house;
  const auto fault = [&](const std::string& call) {
    return house.fault("x.lua", "function register(r)\n  r.add_pii_pattern('first', 'f+', 'first')\n  " + call + "\nend");
  };
  CHECK(fault("r.add_rule{ id='A', level='low', detection={match={{field='message', op='contains', value='x'}}} }") ==
        "x.lua:3: add_rule: 'title' is missing");
  CHECK(has(
      fault("r.add_rule{ id='A', title='A', level='low', detection={match={{field='message', op='regex', value='('}}} }"),
      "x.lua:3: add_rule: "));
  CHECK(has(fault("r.add_rule{ id='A', title='A', detection={match={{field='message', op='is', value='x'}}} }"),
            "x.lua:3: add_rule: "));
  CHECK(fault("r.add_rule{ [1]='a', id='b' }") == "x.lua:3: a table of the definition is half a list and half a map");
  CHECK(fault("r.add_rule{ id=print, [print or 1.5]=1 }") ==
        "x.lua:3: a key of a table in the definition is neither a text nor one of 1, 2, 3 …");
  CHECK(fault("r.add_rule{ id=function() end }") ==
        "x.lua:3: a function stands in the definition: write texts, numbers, booleans and tables");
  CHECK(fault("local t = {} t.t = t r.add_rule(t)") == "x.lua:3: tables lie in each other more than 32 deep");
  CHECK(fault("r.add_rule{ id='\\xff' }") == "x.lua:3: a text of the definition is not valid UTF-8");
  CHECK(fault("local s = ('x'):rep(65536) local t = {} for i = 1, 17 do t[i] = s end r.add_rule{ id=t }") ==
        "x.lua:3: the texts of a definition have at most 1048576 bytes together");
  CHECK(fault("r.add_rule{ id=0/0 }") == "x.lua:3: a number that is not finite stands in the definition");
  CHECK(fault("r.add_rule('x')") == "x.lua:3: bad argument #1 to 'add_rule' (table expected, got string)");
  CHECK(fault("for i = 1, 300 do r.add_rule{ id='A' .. i } end") == "x.lua:3: a plugin registers at most 256 rules");
  CHECK(has(fault("r.add_pii_pattern('a', '(', 'a')"),
            "x.lua:3: add_pii_pattern: the pattern is not a regular expression RE2 can run"));
  CHECK(has(fault("r.add_pii_pattern('a', 'a*', 'a')"), "x.lua:3: add_pii_pattern: the pattern matches the empty text"));
  CHECK(has(fault("r.add_pii_pattern('a', 'a', 'A')"), "x.lua:3: add_pii_pattern: the prefix 'A' must be"));
  CHECK(fault("r.add_pii_pattern{name='a', pattern='a'}") == "x.lua:3: add_pii_pattern: the key prefix must be a text");
  CHECK(fault("r.add_pii_pattern{name='a', pattern='a', prefix='a', more=1}") ==
        "x.lua:3: add_pii_pattern: the keys are name, pattern and prefix, and no other");
  CHECK(has(fault("r.add_pii_pattern('first', 'x+', 'x')"), "x.lua:3: add_pii_pattern: the name 'first' is used already"));
  CHECK(has(fault("for i = 1, 70 do r.add_pii_pattern('n' .. i, 'x' .. i, 'x') end"),
            "x.lua:3: there are 64 patterns already"));
  CHECK(fault("r.add_format{ name='a' }") ==
        "x.lua:3: add_format: \"reader\" is missing (access, nginx_error, apache_error, "
        "php_error, syslog, syslog_5424, json, logfmt, w3c, cri or plaintext), or \"pattern\", an expression with named "
        "groups");
  CHECK(fault("r.add_format{ name='app', pattern=[[^(?P<time>\\S+) (?P<message>.*)$]], sample='soon x' }") ==
        "x.lua:3: add_format: app, sample 1: the line is not read by its own format: the group 'time' has 'soon', which is "
        "no "
        "time that can be read: ISO 8601 is one, so is an access log's or syslog's");
  CHECK(has(fault("r.add_format{ name='app', pattern='(?P<a>x', sample='x' }"),
            "x.lua:3: add_format: \"pattern\": RE2 cannot run it: missing )"));
  CHECK(has(fault("r.add_format{ name='app', pattern='(?P<a>x)' }"), "x.lua:3: add_format: \"samples\" is missing"));
  CHECK(has(fault("r.add_format{ name='app', reader='logfmt', samples={ {line='no logfmt'} } }"),
            "x.lua:3: add_format: app, sample 1"));
  CHECK(fault("r.add_rule_dir('')") == "x.lua:3: add_rule_dir: a path is expected");
  CHECK(has(fault("r.add_nothing()"), "x.lua:3: attempt to call a nil value (field 'add_nothing')"));
}

TEST_CASE("a_format_by_a_pattern_is_registered_by_both_languages") {
  const House house;
  const plugin::Plugin lua = house.load("x.lua", R"lua(function register(registry)
  registry.add_format{ name="app", pattern=[[^(?P<time>\S+) (?P<message>.*)$]],
                       sample={line="2026-05-18T10:00:01Z up", time="2026-05-18T10:00:01Z", message="up"} }
end)lua");
  CHECK(lua.fault.empty());
  CHECK(plugin::summary(lua.given) == "1 format");
  if (!python_is_there()) return;
  std::filesystem::remove(house.scratch.file("x.lua"));
  const plugin::Plugin python = house.load("x.py",
                                           "def register(registry):\n    registry.add_format({'name': 'app', 'pattern': "
                                           "r'^(?P<time>\\S+) (?P<message>.*)$', 'sample': '2026-05-18T10:00:01Z up'})\n");
  CHECK(python.fault.empty());
  CHECK(plugin::summary(python.given) == "1 format");
}

TEST_CASE("a_name_of_a_pattern_is_taken_once_over_all_plugins") {
  const House house;
  write(house.scratch.file("a.lua"), "function register(r) r.add_pii_pattern('badge', 'B+', 'badge') end");
  write(house.scratch.file("b.lua"),
        "function register(r)\nr.add_pii_pattern('one', 'C+', 'one')\nr.add_pii_pattern('badge', 'B+', 'badge') end");
  const auto plugins = house.load();
  CHECK(plugins[0].fault.empty());
  CHECK(has(plugins[1].fault, "b.lua:3: add_pii_pattern: the name 'badge' is used already"));
  CHECK(plugins[1].given.patterns.empty());
  const auto known = redact::Pattern::compile("badge", "x+", "badge");
  REQUIRE(known.ok());
  CHECK(has(house.load({known.value()})[0].fault, "a.lua:1: add_pii_pattern: the name 'badge' is used already"));
}

TEST_CASE("a_plugin_others_can_write_to_is_skipped_with_the_remedy") {
  const House house;
  const std::string path = house.scratch.file("x.lua");
  write(path, "function register(r) end");
  for (const mode_t mode : {0664, 0646, 0666}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK(has(house.load().front().fault, "x.lua: can be written to by others than its owner: chmod go-w it"));
  }
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  CHECK(house.load().front().fault.empty());
  if (::geteuid() == 0) {
    REQUIRE(::chown(path.c_str(), 12345, 0) == 0);
    CHECK(has(house.load().front().fault, "x.lua: belongs to another user (uid 12345) than this one: chown it"));
  }
}

TEST_CASE("a_plugin_is_a_regular_file_of_bounded_size") {
  const House house;
  REQUIRE(::mkfifo(house.scratch.file("a.lua").c_str(), 0600) == 0);
  std::filesystem::create_directory(house.scratch.file("b.lua"));
  std::filesystem::create_symlink("nowhere", house.scratch.file("c.lua"));
  write(house.scratch.file("d.lua"), "function register(r) end --" + std::string(plugin::kPluginBytes, '-'));
  const auto plugins = house.load();
  CHECK(has(plugins[0].fault, "a.lua: is no regular file"));
  CHECK(has(plugins[1].fault, "b.lua: is no regular file"));
  CHECK(has(plugins[2].fault, "c.lua: cannot be opened"));
  CHECK(has(plugins[3].fault, "d.lua: is longer than the 256 KiB a plugin may have"));
}

TEST_CASE("a_directory_that_is_not_there_or_too_full_is_an_error") {
  House house;
  for (std::size_t i = 0; i <= plugin::kPluginsMost; ++i) write(house.scratch.file(std::to_string(i) + ".lua"), "");
  CHECK(has(plugin::load(house.options, {}).error().message, "has more than 64 plugins"));
  house.options.directory = house.scratch.file("nowhere");
  CHECK(has(plugin::load(house.options, {}).error().message,
            "the directory of plugins cannot be opened (No such file or directory): make it, or remove plugins_dir"));
}

TEST_CASE("what_a_plugin_logs_is_said_without_personal_data") {
  const House house;
  const plugin::Plugin plugin = house.load("x.lua",
                                           "function register(r)\n r.add_pii_pattern('badge', [[EMP-\\d+]], 'badge')\n"
                                           " for i = 1, 30 do log('ann@example.org has EMP-1234') end end");
  REQUIRE(plugin.warnings.size() == plugin::kLogLinesMost + 1);
  CHECK(has(plugin.warnings.front(), "x.lua says: <email> has <badge>"));
  CHECK(has(plugin.warnings.back(), "x.lua says 10 lines more"));
}

TEST_CASE("the_same_plugin_registers_the_same_whatever_order_a_table_has") {
  const House house;
  write(house.scratch.file("my_plugin.lua"), kLua);
  const auto entries = [&] {
    std::string keys;
    const auto plugins = house.load();
    for (const auto& entry : plugins.front().given.rules.front().root.entries) keys += entry.key + " ";
    return keys;
  };
  for (int i = 0; i < 5; ++i) CHECK(entries() == "detection id level title ");
}

TEST_CASE("a_python_plugin_that_misbehaves_is_skipped_with_the_reason") {
  if (!python_is_there()) {
    SUCCEED("skipped: there is no python3");
    return;
  }
  const House house;
  CHECK(house.fault("x.py", "x = 1\n") == "x.py: has no function register(registry)");
  CHECK(house.fault("x.py", "def register(registry): raise RuntimeError(\"boom\")\n") == "x.py:1: RuntimeError: boom");
  CHECK(house.fault("x.py", "def register(r)\n    pass\n") == "x.py:1: SyntaxError: expected ':'");
  CHECK(house.fault("x.py", "import sys\ndef register(r):\n    r.add_pii_pattern('a', 'b+', 'c')\n    sys.exit(3)\n") ==
        "x.py:4: SystemExit: 3");
  CHECK(house.fault("x.py", "def register(r):\n    r.add_rule({'id': 'A', 'detection': {'match': []}})\n") ==
        "x.py:2: add_rule: 'title' is missing");
  CHECK(has(house.fault("x.py", "def register(r):\n    r.add_rule({'id': object()})\n"), "x.py:2: TypeError: "));
  CHECK(has(house.fault("x.py", "def register(r):\n    r.add_rule({'id': float('nan')})\n"), "x.py:2: ValueError: "));
  CHECK(has(house.fault("x.py", "def register(r):\n    r.add_pii_pattern('a', 1, 'c')\n"),
            "x.py:2: TypeError: pattern must be a str"));
  CHECK(has(house.fault("x.py", "def register(r):\n    r.add_pii_pattern('a', '(?=x)', 'c')\n"),
            "x.py:2: add_pii_pattern: the pattern is not"));
  CHECK(has(house.fault("x.py", "def register(r):\n    r.add_rule({'title': '\\ud800'})\n"),
            "x.py:2: UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud800'"));
  CHECK(has(house.fault("x.py", "def register(r):\n    raise ValueError('\\ud800')\n"), "x.py:2: ValueError: ?"));
  CHECK(house.fault("x.py", "def register(r):\n    r.add_rule({'id': 10 ** 400})\n") ==
        "x.py:2: ValueError: a number has more than 300 digits");
  CHECK(has(house.fault("x.py", "def register(r):\n    x = 'a' * (1 << 30)\n"), "x.py:2: MemoryError"));
  CHECK(has(house.fault("x.py", "def register(r):\n    open('/tmp/x', 'w').write('x' * 100000)\n"), "x.py:2: "));
  CHECK(has(house.fault("x.py", "import os, signal\ndef register(r):\n    os.kill(os.getpid(), signal.SIGKILL)\n"),
            "python3 ended by signal 9 before register() had returned"));
  CHECK(has(house.fault("x.py", "import os\ndef register(r):\n    os._exit(4)\n"),
            "python3 ended with exit code 4 before register() had returned"));
  CHECK(has(house.fault("x.py", "def register(r):\n    for i in range(100000): r.add_rule_dir('x' * 1000)\n"),
            "x.py: it registers more than 1 MiB, and was stopped"));
  CHECK(has(house.fault("x.py", "def register(r):\n    while True: pass\n"),
            "x.py: it took longer than the 10 s it may, and was stopped"));
}

TEST_CASE("a_python_plugin_sees_no_environment_and_what_it_prints_is_dropped") {
  if (!python_is_there()) {
    SUCCEED("skipped: there is no python3");
    return;
  }
  ::setenv("LOGYSTERA_PII_SALT", "a secret", 1);
  const House house;
  const plugin::Plugin plugin = house.load("x.py",
                                           "import os, sys\ndef register(r):\n    print('{\"kind\": \"end\"}' * 100000)\n"
                                           "    assert 'LOGYSTERA_PII_SALT' not in os.environ, 'environment'\n"
                                           "    assert os.getcwd() == '/', 'directory'\n"
                                           "    assert not sys.stdin.read(), 'input'\n"
                                           "    r.add_pii_pattern('a', 'b+', 'c')\n");
  ::unsetenv("LOGYSTERA_PII_SALT");
  CHECK(plugin.fault.empty());
  CHECK(plugin::summary(plugin.given) == "1 pattern");
}

TEST_CASE("what_a_python_plugin_leaves_behind_is_ended") {
  if (!python_is_there()) {
    SUCCEED("skipped: there is no python3");
    return;
  }
  const House house;
  const plugin::Plugin plugin = house.load("x.py",
                                           "import os, time\ndef register(r):\n    pid = os.fork()\n"
                                           "    if pid == 0:\n        while True: time.sleep(60)\n"
                                           "    r.add_pii_pattern('p' + str(pid), 'b+', 'c')\n");
  if (::geteuid() != 0) {
    CHECK(has(plugin.fault, "BlockingIOError"));
    return;
  }
  CHECK(plugin.fault.empty());
  REQUIRE(plugin.given.patterns.size() == 1);
  const pid_t left = std::stoi(plugin.given.patterns.front().name().substr(1));
  // It is nobody's child any more; whoever takes those on reaps it when he gets to it.
  CHECK(eventually([&] {
    std::ifstream status("/proc/" + std::to_string(left) + "/stat");
    std::string text;
    return !std::getline(status, text) || text.find(") Z ") != std::string::npos ||
           text.find("(python3)") == std::string::npos;
  }));
}

TEST_CASE("python_can_be_switched_off") {
  House house;
  house.options.python = false;
  write(house.scratch.file("x.py"), kPython);
  CHECK(has(house.load().front().fault, "x.py: plugins in Python are off (plugins.python)"));
}
