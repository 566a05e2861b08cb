#include "analysis/program.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <thread>
#include <utility>

#include "analysis/metrics.hpp"
#include "analysis/rule_cache.hpp"
#include "detect/known.hpp"
#include "redact/salt.hpp"
#include "yaml/yaml.hpp"

namespace logystera::analysis {
namespace {

constexpr std::int32_t kZoneSecondsMost = 14 * 3600;
constexpr unsigned kThreadsByDefaultMost = 8;  // more only if asked for: the ordered stages would make them wait

Error wrong(ProgramNotes& notes, ProgramOption option, std::string message) {
  notes.wrong = option;
  return Error{std::move(message), ErrorKind::invalid};
}

std::optional<detect::Logsource> logsource_of(const std::string& text) {
  detect::Logsource source;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = part.find('=');
    const std::string_view key = part.substr(0, equals);
    std::string* member = key == "product"    ? &source.product
                          : key == "category" ? &source.category
                          : key == "service"  ? &source.service
                                              : nullptr;
    if (equals == std::string_view::npos || equals + 1 == part.size() || !member) return std::nullopt;
    *member = part.substr(equals + 1);
  }
  return source;
}

}  // namespace

Result<Zone> parse_zone(const std::string& text) {
  if (text.empty() || text == "local") return parse::Zone::local();
  if (text == "UTC" || text == "utc" || text == "Z") return parse::Zone::utc();
  int hours = 0, minutes = 0;
  char end = 0;
  const bool signed_ = text[0] == '+' || text[0] == '-';
  if (!signed_) {
    auto named = parse::Zone::named(text);
    if (named) return named;
    return Error{fmt::format("timezone {}: write local, UTC, an offset like +02:00 or a name like Europe/Berlin ({})", text,
                             named.error().message),
                 ErrorKind::invalid};
  }
  const int read = std::sscanf(text.c_str() + 1, "%2d:%2d%c", &hours, &minutes, &end);
  const std::int32_t seconds = hours * 3600 + minutes * 60;
  if (read != 2 || hours < 0 || minutes < 0 || minutes > 59 || seconds > kZoneSecondsMost)
    return Error{fmt::format("timezone {}: write an offset like +02:00, at most 14 hours", text), ErrorKind::invalid};
  return parse::Zone::fixed(text[0] == '-' ? -seconds : seconds);
}

void add_rules_of(const std::vector<plugin::Plugin>& plugins, RuleSources& sources) {
  for (const plugin::Plugin& plugin : plugins) {
    for (const plugin::Document& rule : plugin.given.rules) sources.documents.push_back({rule.file, rule.root});
    for (const std::string& directory : plugin.given.rule_dirs) sources.paths.push_back(directory);
  }
}

Result<Done> Program::prepare_patterns(const ProgramOptions& options) {
  std::error_code ignored;
  if (options.patterns_file.empty() ||
      (options.patterns_may_miss && !std::filesystem::exists(options.patterns_file, ignored)))
    return Done{};
  auto patterns = redact::load_patterns(options.patterns_file);
  if (!patterns) return patterns.error();
  pipeline_.patterns = std::move(patterns).value();
  return Done{};
}

// Before everything they add to. What is wrong with a plugin is a warning, and takes nothing from the run but the plugin.
Result<Done> Program::prepare_plugins(const ProgramOptions& options, ProgramNotes& notes) {
  auto loaded = plugin::load(options.plugins, pipeline_.patterns);
  if (!loaded) return loaded.error();
  plugins_ = std::move(loaded).value();
  std::vector<std::shared_ptr<const plugin::EnricherHook>> enrichers;
  for (const plugin::Plugin& plugin : plugins_) {
    if (!plugin.fault.empty()) notes.warnings.push_back(fmt::format("plugin skipped: {}", plugin.fault));
    for (const std::string& warning : plugin.warnings) notes.warnings.push_back(warning);
    pipeline_.patterns.insert(pipeline_.patterns.end(), plugin.given.patterns.begin(), plugin.given.patterns.end());
    enrichers.insert(enrichers.end(), plugin.given.enrichers.begin(), plugin.given.enrichers.end());
  }
  if (!enrichers.empty()) pipeline_.enrichers = std::make_shared<const plugin::Enrichers>(std::move(enrichers), names_);
  return Done{};
}

Result<Done> Program::prepare_reading(const ProgramOptions& options, ProgramNotes& notes) {
  auto formats = parse::Formats::built_in();
  if (!formats) return formats.error();
  formats_ = std::move(formats).value();
  if (!options.formats_dir.empty())
    if (auto added = formats_.add_directory(options.formats_dir, options.follow_links); !added) return added;
  for (const plugin::Plugin& plugin : plugins_)
    for (const plugin::Contribution::Format& format : plugin.given.formats)
      if (auto added = formats_.add(format.json, format.where); !added) return added;
  for (const plugin::Plugin& plugin : plugins_)
    for (const auto& parser : plugin.given.parsers)
      if (auto added = formats_.add(plugin::format_of(parser), parser->where()); !added) return added;
  parse::SourceOptions& source = pipeline_.source;
  source.format = options.format;
  if (!options.log_format.empty()) {
    const bool apache = options.log_format.find('%') != std::string::npos;
    auto added = formats_.add_access("log_format", apache ? "apache" : "nginx", options.log_format);
    if (!added) return added.error();
    if (source.format.empty()) source.format = "log_format";
  }
  const bool read_by_itself = source.format.empty() || source.format == "evtx" || source.format == "journal_export";
  if (!read_by_itself && !formats_.find(source.format))
    return wrong(notes, ProgramOption::format,
                 fmt::format("{}: there is no such format; 'logystera formats' lists them", source.format));
  auto zone = parse_zone(options.timezone);
  if (!zone) return zone.error();
  zone_ = zone.value();
  source.zone = zone.value();
  return Done{};
}

Result<Done> Program::prepare_redaction(const ProgramOptions& options, ProgramNotes& notes) {
  if (!redact::parse_mode(options.mode, pipeline_.mode))
    return wrong(notes, ProgramOption::mode, fmt::format("{}: write redact, mask or dry-run", options.mode));
  pipeline_.digits = options.digits;
  if (pipeline_.digits < redact::kPseudonymDigits || pipeline_.digits > redact::kPseudonymDigitsMax)
    return wrong(notes, ProgramOption::digits,
                 fmt::format("{}: write a number from {} to {}", pipeline_.digits, redact::kPseudonymDigits,
                             redact::kPseudonymDigitsMax));
  if (pipeline_.mode == redact::Mode::redact) {
    auto salt = redact::resolve_salt(options.salt, options.salt_file);
    if (!salt) return salt.error();
    pipeline_.salt = std::move(salt).value();
  }
  labels_ = std::make_unique<const redact::FieldLabels>(names_, pipeline_.redaction());
  return Done{};
}

Result<Done> Program::prepare_rules(const ProgramOptions& options, ProgramNotes& notes) {
  if (!options.rules) return Done{};
  auto cache = options.rule_cache ? RuleCache::of_user() : Result<RuleCache>(Error{"the rule cache is off"});
  RuleSources sources = options.sources;
  add_rules_of(plugins_, sources);
  auto ready = ready_rules(sources, cache ? &cache.value() : nullptr, names_, rules_);
  if (!ready) return ready.error();
  if (options.say_origins) {
    const std::string note = cache ? ready->note : cache.error().message;
    notes.warnings.push_back(fmt::format("{} rules, from {}{}{}", detect::count_known(rules_),
                                         ready->from_cache ? "the cache" : "their files", note.empty() ? "" : ": ", note));
    for (const detect::DocumentReport& report : rules_.documents)
      for (const yaml::Problem& problem : report.problems) notes.warnings.push_back(yaml::describe(report.file, problem));
  }
  if (const std::size_t refused = rules_.refused(); refused > 0) {
    const auto first = std::find_if(rules_.documents.begin(), rules_.documents.end(),
                                    [](const detect::DocumentReport& report) { return !report.problems.empty(); });
    notes.warnings.push_back(fmt::format(
        "{} of {} rule documents were refused and do not run; 'logystera rules validate PATH' says why{}", refused,
        rules_.met(),
        first != rules_.documents.end() ? "; the first: " + yaml::describe(first->file, first->problems.front()) : ""));
  }
  engine_.emplace(std::move(ready->engine));
  if (options.logsource.empty()) return Done{};
  auto declared = logsource_of(options.logsource);
  if (!declared)
    return wrong(notes, ProgramOption::logsource,
                 fmt::format("{}: write product=…,category=…,service=…, any of the three", options.logsource));
  pipeline_.declared = std::move(*declared);
  return Done{};
}

Result<Done> Program::prepare_metrics(const ProgramOptions& options, ProgramNotes& notes) {
  if (!options.metrics) return Done{};
  auto definitions = load_metrics(options.metrics_paths, options.sources.follow_links);
  if (!definitions) return definitions.error();
  for (const std::string& problem : definitions->problems())
    notes.warnings.push_back(fmt::format("a metric is refused: {}", problem));
  metrics_.emplace(std::move(definitions).value(), names_);
  return Done{};
}

// After the rules, whose fields are names one may ask for.
Result<Done> Program::prepare_filter(const ProgramOptions& options, ProgramNotes& notes) {
  if (options.question.empty()) return Done{};
  const filter::Terms terms{.names = names_, .now = {options.now, zone_}, .redaction = pipeline_.redaction()};
  auto made = filter::Filter::make(options.question, terms);
  if (!made) {
    notes.wrong = ProgramOption::question;
    return made.error();
  }
  pipeline_.filter = std::move(made).value();
  return Done{};
}

Result<std::shared_ptr<const Program>> Program::make(const ProgramOptions& options, ProgramNotes& notes) {
  const std::shared_ptr<Program> program(new Program);
  const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  const unsigned by_default = std::min(processors, kThreadsByDefaultMost);
  program->pipeline_.threads = options.threads != 0 ? options.threads : by_default;
  program->pipeline_.threads_beside = options.threads != 0 ? options.threads : std::max(by_default, 2u) - 1;
  if (auto done = program->prepare_patterns(options); !done) return done.error();
  if (auto done = program->prepare_plugins(options, notes); !done) return done.error();
  if (auto done = program->prepare_reading(options, notes); !done) return done.error();
  if (auto done = program->prepare_redaction(options, notes); !done) return done.error();
  if (auto done = program->prepare_rules(options, notes); !done) return done.error();
  if (auto done = program->prepare_metrics(options, notes); !done) return done.error();
  if (auto done = program->prepare_filter(options, notes); !done) return done.error();
  return std::shared_ptr<const Program>(program);
}

Totals run(const std::vector<source::SourceSet>& sets, std::shared_ptr<const Program> program, Watcher& watcher,
           Progress& progress, const std::atomic<bool>& stop) {
  const std::shared_ptr<const Program> held = std::move(program);
  return run(sets, held->formats(), held->names(), held->engine(), held->pipeline(), watcher, progress, stop);
}

}  // namespace logystera::analysis
