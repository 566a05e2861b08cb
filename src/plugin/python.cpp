#include "plugin/python.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <rapidjson/document.h>

#include "core/printable.hpp"
#include "plugin/child.hpp"

namespace logystera::plugin {
namespace {

constexpr std::size_t kShownBytes = 300;

// Runs the file it is given on standard input, so that what runs is what was checked. Each registration is a line of JSON; the last
// line is "end" or "fault".
constexpr std::string_view kShim = R"py(
import json, os, sys
path = sys.argv[1]
out = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
text = sys.stdin.buffer.read()

def line(frame):
    while frame is not None and frame.f_code.co_filename != path:
        frame = frame.f_back
    return frame.f_lineno if frame is not None else 0

def say(kind, **values):
    values["kind"] = kind
    values.setdefault("line", line(sys._getframe(1)))
    said = json.dumps(values, allow_nan=False, ensure_ascii=False)
    json.loads(said, parse_int=whole)
    out.write(said + "\n")

def whole(digits):
    if len(digits) > 300:
        raise ValueError("a number has more than 300 digits")
    return 0

def texts(**values):
    for name, value in values.items():
        if not isinstance(value, str):
            raise TypeError(name + " must be a str, not " + type(value).__name__)

class Registry:
    def add_rule(self, rule):
        if not isinstance(rule, dict):
            raise TypeError("add_rule takes a dict, not " + type(rule).__name__)
        say("rule", value=rule)

    def add_pii_pattern(self, name, pattern, prefix):
        texts(name=name, pattern=pattern, prefix=prefix)
        say("pattern", name=name, pattern=pattern, prefix=prefix)

    def add_rule_dir(self, path):
        path = os.fspath(path)
        texts(path=path)
        say("rule_dir", path=path)

    def add_format(self, format):
        if not isinstance(format, dict):
            raise TypeError("add_format takes a dict, not " + type(format).__name__)
        say("format", value=format)

def fault(error):
    at, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            at = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == path:
        at = error.lineno or at
    what = type(error).__name__
    try:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:
        message = ""
    message = message[:500].encode("utf-8", "replace").decode("utf-8")
    say("fault", line=at, message=what + (": " + message if message else ""))

try:
    names = {"__name__": "plugin", "__file__": path}
    exec(compile(text, path, "exec"), names)
    if not callable(names.get("register")):
        say("fault", line=0, message="has no function register(registry)")
    else:
        names["register"](Registry())
        say("end", line=0)
except BaseException as error:
    fault(error)
out.flush()
os._exit(0)
)py";

using Json = rapidjson::Value;

std::string_view text_of(const Json& line, const char* name) {
  const auto found = line.FindMember(name);
  if (found == line.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

// False: too deep, or too much.
bool node_of(const Json& value, std::uint32_t line, std::size_t depth, std::size_t& nodes, yaml::Node& out) {
  if (++nodes > kNodesMost || depth > kDepthMost) return false;
  if (value.IsString()) {
    if (value.GetStringLength() > kNodeTextBytes) return false;
    out = text_node({value.GetString(), value.GetStringLength()}, line);
  } else if (value.IsBool()) {
    out = boolean_node(value.GetBool(), line);
  } else if (value.IsInt64()) {
    out = integer_node(value.GetInt64(), line);
  } else if (value.IsNumber()) {
    out = real_node(value.GetDouble(), line);
  } else if (value.IsArray()) {
    out = empty_node(yaml::Node::Kind::list, line);
    for (const Json& item : value.GetArray())
      if (!node_of(item, line, depth + 1, nodes, out.items.emplace_back())) return false;
  } else if (value.IsObject()) {
    out = empty_node(yaml::Node::Kind::map, line);
    for (const auto& member : value.GetObject()) {
      yaml::Node::Entry& entry = out.entries.emplace_back();
      entry.key.assign(member.name.GetString(), member.name.GetStringLength());
      entry.at = {line, 1};
      if (!node_of(member.value, line, depth + 1, nodes, entry.value)) return false;
    }
  } else {
    out = empty_node(yaml::Node::Kind::null, line);
  }
  return true;
}

enum class Said : std::uint8_t { registered, end };

Result<Said> take_line(std::string_view text, const Source& source, Registry& registry) {
  rapidjson::Document said;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  said.Parse<kFlags>(text.data(), text.size());
  if (said.HasParseError() || !said.IsObject())
    return Error{fmt::format("{}: what came of it cannot be read", source.path), ErrorKind::invalid};
  std::uint32_t line = 0;
  if (said.HasMember("line") && said["line"].IsUint()) line = said["line"].GetUint();
  const auto refused = [&](std::string_view what) {
    return Error{line > 0 ? fmt::format("{}:{}: {}", source.path, line, what) : fmt::format("{}: {}", source.path, what),
                 ErrorKind::invalid};
  };
  const std::string_view kind = text_of(said, "kind");
  Result<Done> done = Done{};
  if (kind == "end") return Said::end;
  if (kind == "fault") return refused(text_of(said, "message"));
  if (kind == "pattern") {
    done = registry.add_pattern(text_of(said, "name"), text_of(said, "pattern"), text_of(said, "prefix"));
  } else if (kind == "rule_dir") {
    done = registry.add_rule_dir(text_of(said, "path"), line);
  } else if ((kind == "rule" || kind == "format") && said.HasMember("value")) {
    yaml::Node node;
    std::size_t nodes = 0;
    if (!node_of(said["value"], line, 0, nodes, node))
      return refused(fmt::format("a definition has at most {} values, {} deep, and texts of at most {} bytes", kNodesMost,
                                 kDepthMost, kNodeTextBytes));
    done = kind == "rule" ? registry.add_rule(std::move(node), line) : registry.add_format(node, line);
  } else {
    return refused("what came of it cannot be read");
  }
  if (!done) return refused(done.error().message);
  return Said::registered;
}

}  // namespace

std::string python_interpreter() {
  std::string places = "/usr/bin:/usr/local/bin";
  if (const char* path = std::getenv("PATH")) places += std::string(":") + path;
  for (std::size_t at = 0; at < places.size();) {
    const std::size_t end = std::min(places.find(':', at), places.size());
    std::string file = places.substr(at, end - at) + "/python3";
    if (file.front() == '/' && ::access(file.c_str(), X_OK) == 0) return file;
    at = end + 1;
  }
  return {};
}

Result<Done> enlist_python(const Source& source, Registry& registry) {
  const std::string interpreter = python_interpreter();
  if (interpreter.empty())
    return Error{source.path + ": there is no python3 to run it: install it, write the plugin in Lua, or remove it",
                 ErrorKind::not_found};
  std::error_code ignored;
  const std::string path = std::filesystem::absolute(source.path, ignored).string();
  const ChildLimits limits;
  auto child = run_child({interpreter, "-I", "-c", std::string(kShim), path}, source.text, limits);
  if (!child) return Error{source.path + ": " + child.error().message, child.error().kind};
  if (child->end == ChildEnd::too_slow)
    return Error{fmt::format("{}: it took longer than the {} s it may, and was stopped", source.path,
                             limits.time_ns / 1'000'000'000),
                 ErrorKind::failed};
  if (child->end == ChildEnd::too_much_output)
    return Error{fmt::format("{}: it registers more than 1 MiB, and was stopped", source.path), ErrorKind::too_large};
  std::string_view rest = child->output;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    auto said = take_line(rest.substr(0, end), source, registry);
    if (!said) return said.error();
    if (said.value() == Said::end) return registry.check();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  // It did not come to the end: the interpreter's last line says why.
  std::string_view why = child->errors;
  while (!why.empty() && (why.back() == '\n' || why.back() == '\r')) why.remove_suffix(1);
  why.remove_prefix(why.rfind('\n') == std::string_view::npos ? 0 : why.rfind('\n') + 1);
  return Error{fmt::format("{}: python3 ended {} before register() had returned{}{}", source.path,
                           child->end == ChildEnd::killed ? fmt::format("by signal {}", child->status)
                                                          : fmt::format("with exit code {}", child->status),
                           why.empty() ? "" : ": ", why.substr(0, kShownBytes)),
               ErrorKind::failed};
}

}  // namespace logystera::plugin
