#include "plugin/plugin.hpp"

#include <fmt/core.h>

#include <utility>

#include "plugin/lua_plugin.hpp"
#include "plugin/python.hpp"
#include "plugin/registry.hpp"
#include "plugin/source.hpp"
#include "redact/redactor.hpp"

namespace logystera::plugin {
namespace {

// What a plugin says.
class Log {
 public:
  void add(std::string_view text) {
    if (lines_.size() < kLogLinesMost) lines_.emplace_back(text);
    else ++dropped_;
  }

  /// Without personal data.
  std::vector<std::string> take(const std::string& path, std::vector<redact::Pattern> patterns) {
    std::vector<std::string> said;
    if (lines_.empty()) return said;
    redact::Redactor redactor({.mode = redact::Mode::mask, .salt = {}, .patterns = std::move(patterns)});
    Arena arena;
    for (const std::string& line : lines_)
      said.push_back(fmt::format("{} says: {}", path, redactor.redact(line, redact::Context::text, arena)));
    if (dropped_ > 0) said.push_back(fmt::format("{} says {} lines more", path, dropped_));
    return said;
  }

 private:
  std::vector<std::string> lines_;
  std::uint64_t dropped_ = 0;
};

Plugin load_one(const std::string& path, const Options& options, const std::vector<redact::Pattern>& patterns,
                std::vector<std::string> taken) {
  Plugin plugin;
  plugin.path = path;
  plugin.language = path.ends_with(".py") ? Language::python : Language::lua;
  if (plugin.language == Language::python && !options.python) {
    plugin.fault = path + ": plugins in Python are off (plugins.python)";
    return plugin;
  }
  auto source = read_source(path);
  if (!source) {
    plugin.fault = source.error().message;
    return plugin;
  }
  const auto origin = std::make_shared<const HookSource>(HookSource{std::move(source).value(), options});
  Registry registry(origin, std::move(taken));
  Log log;
  Result<Done> done = Done{};
  if (plugin.language == Language::lua) {
    LuaPlugin lua(origin->source, origin->options, [&log](std::string_view text) { log.add(text); });
    done = lua.enlist(registry);
  } else {
    done = enlist_python(origin->source, registry);
  }
  Contribution given = registry.take();
  std::vector<redact::Pattern> known = patterns;
  known.insert(known.end(), given.patterns.begin(), given.patterns.end());
  plugin.warnings = log.take(path, std::move(known));
  if (!done) {
    plugin.fault = done.error().message;
    return plugin;
  }
  for (std::string& warning : registry.take_warnings()) plugin.warnings.push_back(std::move(warning));
  plugin.given = std::move(given);
  return plugin;
}

void add_count(std::string& text, std::size_t count, std::string_view one) {
  if (count == 0) return;
  const bool ies = one.ends_with("y");
  text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, count > 1 && ies ? one.substr(0, one.size() - 1) : one,
                      count == 1 ? ""
                      : ies      ? "ies"
                                 : "s");
}

}  // namespace

Result<std::vector<Plugin>> load(const Options& options, const std::vector<redact::Pattern>& patterns) {
  std::vector<Plugin> plugins;
  if (options.none()) return plugins;
  std::vector<std::string> paths;
  if (!options.directory.empty()) {
    auto listed = list_sources(options.directory);
    if (!listed) return listed.error();
    paths = std::move(listed).value();
  }
  paths.insert(paths.end(), options.files.begin(), options.files.end());
  std::vector<std::string> taken;
  taken.reserve(patterns.size());
  for (const redact::Pattern& pattern : patterns) taken.push_back(pattern.name());
  for (const std::string& path : paths) {
    plugins.push_back(load_one(path, options, patterns, taken));
    for (const redact::Pattern& pattern : plugins.back().given.patterns) taken.push_back(pattern.name());
  }
  return plugins;
}

std::vector<std::string> hook_notes(const std::vector<Plugin>& plugins, const std::vector<redact::Pattern>& patterns) {
  std::vector<std::string> notes;
  redact::Redactor redactor({.mode = redact::Mode::mask, .salt = {}, .patterns = patterns});
  Arena arena;
  const auto add = [&](const Hook& hook, std::string_view kind) {
    const HookHealth::Report report = hook.health->report();
    for (const std::string& line : report.lines)
      notes.push_back(fmt::format("{} says: {}", hook.where(), redactor.redact(line, redact::Context::text, arena)));
    if (report.more_lines > 0) notes.push_back(fmt::format("{} says {} lines more", hook.where(), report.more_lines));
    if (report.faults == 0) return;
    notes.push_back(fmt::format(
        "{}: the {} failed in {} of {} calls{}; the first time: {}", hook.where(), kind, report.faults, report.calls,
        report.off ? fmt::format(" and was switched off, {} calls were left out", report.left_out) : "",
        redactor.redact(report.first_fault, redact::Context::text, arena)));
  };
  for (const Plugin& plugin : plugins) {
    for (const auto& parser : plugin.given.parsers) add(*parser, "parser");
    for (const auto& enricher : plugin.given.enrichers) add(*enricher, "enricher");
  }
  return notes;
}

std::string summary(const Contribution& given) {
  std::string text;
  add_count(text, given.rules.size(), "rule");
  add_count(text, given.rule_dirs.size(), "rule directory");
  add_count(text, given.patterns.size(), "pattern");
  add_count(text, given.formats.size(), "format");
  add_count(text, given.parsers.size(), "parser");
  add_count(text, given.enrichers.size(), "enricher");
  return text.empty() ? "nothing" : text;
}

}  // namespace logystera::plugin
