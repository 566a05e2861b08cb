#include "cli/analysis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <thread>

#include "analysis/rule_cache.hpp"
#include "analysis/rules.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "redact/salt.hpp"
#include "store/store.hpp"

namespace logystera::cli {
namespace {

constexpr std::int32_t kZoneSecondsMost = 14 * 3600;
constexpr unsigned kThreadsByDefaultMost = 8;  // more only if asked for: the ordered stages would make them wait

void warn(std::string_view command, std::string_view text) {
  fmt::print(stderr, "logystera {}: {}\n", command, printable(text));
}

Result<detect::Logsource> parse_logsource(const std::string& text) {
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
    if (equals == std::string_view::npos || equals + 1 == part.size() || !member)
      return Error{fmt::format("--logsource {}: write product=…,category=…,service=…, any of the three", text),
                   ErrorKind::invalid};
    *member = part.substr(equals + 1);
  }
  return source;
}

Result<Done> prepare_reading(Analysis& analysis, const AnalysisOptions& options) {
  auto formats = parse::Formats::built_in();
  if (!formats) return formats.error();
  analysis.formats = std::move(formats).value();
  const std::string directory = options.formats_dir.empty() ? analysis.config.formats_dir : options.formats_dir;
  if (!directory.empty())
    if (auto added = analysis.formats.add_directory(directory, options.follow_links); !added) return added;
  parse::SourceOptions& source = analysis.pipeline.source;
  source.format = options.format;
  if (!options.log_format.empty()) {
    const bool apache = options.log_format.find('%') != std::string::npos;
    auto added = analysis.formats.add_access("log_format", apache ? "apache" : "nginx", options.log_format);
    if (!added) return added.error();
    if (source.format.empty()) source.format = "log_format";
  }
  const bool named = source.format.empty() || source.format == "evtx" || source.format == "journal_export";
  if (!named && !analysis.formats.find(source.format))
    return Error{fmt::format("--format {}: there is no such format; 'logystera formats' lists them", source.format),
                 ErrorKind::invalid};
  auto zone = parse_zone(options.timezone.empty() ? analysis.config.timezone : options.timezone);
  if (!zone) return zone.error();
  analysis.zone = zone.value();
  source.zone = zone.value();
  return Done{};
}

Result<Done> prepare_redaction(Analysis& analysis, const AnalysisOptions& options) {
  const Config& config = analysis.config;
  analysis::PipelineOptions& pipeline = analysis.pipeline;
  const std::string& mode = options.redact.empty() ? config.redact : options.redact;
  if (!redact::parse_mode(mode, pipeline.mode))
    return Error{fmt::format("--redact {}: write redact, mask or dry-run", mode), ErrorKind::invalid};
  pipeline.digits = options.pii_digits.value_or(config.pii_digits);
  if (pipeline.digits < redact::kPseudonymDigits || pipeline.digits > redact::kPseudonymDigitsMax)
    return Error{fmt::format("--pii-digits {}: write a number from {} to {}", pipeline.digits, redact::kPseudonymDigits,
                             redact::kPseudonymDigitsMax),
                 ErrorKind::invalid};
  if (pipeline.mode == redact::Mode::redact) {
    auto salt = redact::resolve_salt(config.pii_salt, redact::default_salt_file());
    if (!salt) return salt.error();
    pipeline.salt = std::move(salt).value();
  }
  std::error_code ignored;
  if (!config.pii_rules_path.empty() &&
      (config.pii_rules_named || std::filesystem::exists(config.pii_rules_path, ignored))) {
    auto patterns = redact::load_patterns(config.pii_rules_path);
    if (!patterns) return patterns.error();
    pipeline.patterns = std::move(patterns).value();
  }
  analysis.labels = std::make_unique<const redact::FieldLabels>(
      analysis.names, redact::Options{pipeline.mode, pipeline.salt, pipeline.digits, pipeline.patterns});
  return Done{};
}

// The option wins over the environment, the environment over the configuration.
Result<bool> cache_wanted(const Config& config, const AnalysisOptions& options) {
  if (options.no_rule_cache) return false;
  const char* set = std::getenv(kRuleCacheVariable);
  if (!set || *set == '\0') return config.rule_cache;
  const std::string_view value = set;
  if (value == "on" || value == "1") return true;
  if (value == "off" || value == "0") return false;
  return Error{fmt::format("{}={}: write on or off", kRuleCacheVariable, value), ErrorKind::invalid};
}

Result<Done> prepare_rules(std::string_view command, Analysis& analysis, const AnalysisOptions& options) {
  if (options.no_rules) return Done{};
  analysis::RuleSources sources;
  sources.built_in = !options.no_builtin;
  sources.follow_links = options.follow_links;
  sources.placeholders = options.placeholders.empty() ? analysis.config.placeholders : options.placeholders;
  for (const std::vector<std::string>* list : std::initializer_list<const std::vector<std::string>*>{
           &analysis.config.rules_dirs, &analysis.config.sigma_dirs, &options.rules_dirs, &options.sigma_dirs})
    sources.paths.insert(sources.paths.end(), list->begin(), list->end());
  auto wanted = cache_wanted(analysis.config, options);
  if (!wanted) return wanted.error();
  auto cache =
      wanted.value() ? analysis::RuleCache::of_user() : Result<analysis::RuleCache>(Error{"the rule cache is off"});
  auto ready = analysis::ready_rules(sources, cache ? &cache.value() : nullptr, analysis.names, analysis.rules);
  if (!ready) return ready.error();
  const detect::RuleSet& rules = analysis.rules;
  if (options.verbose) {
    const std::string note = cache ? ready->note : cache.error().message;
    warn(command, fmt::format("{} rules, from {}{}{}", rules.rules.size(), ready->from_cache ? "the cache" : "their files",
                              note.empty() ? "" : ": ", note));
    for (const detect::DocumentReport& report : rules.documents)
      for (const yaml::Problem& problem : report.problems) warn(command, yaml::describe(report.file, problem));
  }
  if (const std::size_t refused = rules.refused(); refused > 0) {
    const auto first = std::find_if(rules.documents.begin(), rules.documents.end(),
                                    [](const detect::DocumentReport& report) { return !report.problems.empty(); });
    warn(command,
         fmt::format(
             "{} of {} rule documents were refused and do not run; 'logystera rules validate PATH' says "
             "why{}",
             refused, rules.met(),
             first != rules.documents.end() ? "; the first: " + yaml::describe(first->file, first->problems.front()) : ""));
  }
  analysis.engine.emplace(std::move(ready->engine));
  if (options.logsource.empty()) return Done{};
  auto declared = parse_logsource(options.logsource);
  if (!declared) return declared.error();
  analysis.pipeline.declared = std::move(declared).value();
  return Done{};
}

}  // namespace

void say_passed_over(std::string_view command, const PassedOver& passed) {
  constexpr std::size_t kSaidMost = 20;
  for (std::size_t i = 0; i < std::min(passed.named.size(), kSaidMost); ++i)
    warn(command, fmt::format("{}: passed over: {}", passed.named[i].first, passed_text(passed.named[i].second)));
  if (passed.total() <= kSaidMost) return;
  std::string kinds;
  for (std::size_t i = 0; i < kPassedReasons; ++i)
    if (passed.counts[i] > 0)
      kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", passed.counts[i], passed_name(static_cast<Passed>(i)));
  warn(command, fmt::format("{} entries were passed over: {}", passed.total(), kinds));
}

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

std::string time_in(const Zone& zone, bool known, std::int64_t time_ns) {
  if (!known) return "-";
  std::int64_t seconds = time_ns / kSecondNs - (time_ns % kSecondNs < 0);
  const std::time_t time = seconds + zone->offset_at(seconds);
  std::tm parts{};
  if (!::gmtime_r(&time, &parts)) return "-";
  char text[40];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

void add_reading(Command& command, AnalysisOptions& options) {
  command.add_option("--redact", options.redact,
                     "Personal data: 'redact' (pseudonyms: same value, same token), 'mask' (<ip>), 'dry-run' (count only)\n"
                     "[default: redact]");
  command.add_option("--pii-digits", options.pii_digits, "Hex digits of a pseudonym, 8-64 [default: 8]");
  command.add_option("--format", options.format, "The sources' format, instead of recognising it ('logystera formats')");
  command.add_option("--log-format", options.log_format,
                     "The sources are access logs of this nginx log_format or Apache LogFormat");
  command.add_option("--formats-dir", options.formats_dir, "Directory with format definitions of your own (*.json)");
  command.add_flag("--follow-links", options.follow_links,
                   "Follow symbolic links met in directories, patterns and rotated sets; what is named is always followed");
  command.add_option(
      "--timezone", options.timezone,
      "Zone of times that name none, and of times shown: local, UTC, +02:00 or Europe/Berlin [default: local]");
  command.add_option("--threads", options.threads, "Threads at work [default: one a processor, at most 8]")
      ->check(Check::range(1u, analysis::kThreadsMost));
}

void add_rules(Command& command, AnalysisOptions& options) {
  command.add_flag("--no-rules", options.no_rules, "Run no rules at all");
  command.add_flag("--no-builtin", options.no_builtin, "Leave the built-in rules out");
  command.add_option("--rules-dir", options.rules_dirs, "Directory (or file) with rules of your own; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--sigma", options.sigma_dirs, "Directory (or file) with Sigma rules; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--placeholders", options.placeholders, "YAML file with values for Sigma's %name% placeholders");
  command.add_flag("--no-rule-cache", options.no_rule_cache,
                   "Compile all rules again, and store nothing in ~/.cache/logystera");
  command.add_flag("--verbose", options.verbose, "Print where the rules came from, and which were refused and why");
  command.add_option("--logsource", options.logsource,
                     "The sources in Sigma's terms, where their records do not show it: product=aws,service=cloudtrail");
}

void add_anomaly_options(Command& command, analysis::AnomalyOptions& options) {
  command.add_option("--anomaly-source", options.source, "Key of the baseline [default: the file's stem]");
  command.add_option("--anomaly-threshold", options.threshold, "Deviations from which a bucket is an anomaly")
      ->check(positive_number())
      ->capture_default_str();
  command
      .add_option("--anomaly-model", options.model,
                  "'zscore', or 'adaptive' for logs with a daily rhythm or a level that changes")
      ->check(any_of({"zscore", "adaptive"}))
      ->capture_default_str();
}

analysis::Tracker::Options tracking_options(const Analysis& analysis) {
  return {.least = analysis.config.findings_min_severity,
          .retention_days = analysis.config.findings_retention_days,
          .patterns = analysis.pipeline.patterns};
}

Result<Setting> load_setting(std::string_view command, const Globals& globals) {
  auto config = load_config(globals.config);
  if (!config) return config.error();
  for (const std::string& warning : config->warnings) warn(command, warning);
  Setting setting{std::move(config).value(), {}};
  setting.store_url = globals.store.empty() ? "sqlite:" + setting.config.db_path : globals.store;
  if (auto known = store::exists(setting.store_url); !known) return known.error();
  return setting;
}

Result<std::unique_ptr<Analysis>> prepare(std::string_view command, const Globals& globals,
                                          const AnalysisOptions& options) {
  auto setting = load_setting(command, globals);
  if (!setting) return setting.error();
  auto analysis = std::make_unique<Analysis>();
  analysis->config = std::move(setting->config);
  analysis->store_url = std::move(setting->store_url);
  const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  analysis->pipeline.threads = options.threads != 0 ? options.threads : std::min(processors, kThreadsByDefaultMost);
  if (auto done = prepare_reading(*analysis, options); !done) return done.error();
  if (auto done = prepare_redaction(*analysis, options); !done) return done.error();
  if (auto done = prepare_rules(command, *analysis, options); !done) return done.error();
  return analysis;
}

Analysis& keep(std::unique_ptr<Analysis> analysis) {
  static auto& kept = *new std::vector<std::unique_ptr<Analysis>>;
  return *kept.emplace_back(std::move(analysis));
}

}  // namespace logystera::cli
