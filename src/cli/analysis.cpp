#include "cli/analysis.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "cli/asking.hpp"
#include "cli/config_warnings.hpp"
#include "cli/gateway_store.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "redact/salt.hpp"
#include "store/store.hpp"

namespace logystera::cli {
namespace {

void warn(std::string_view command, std::string_view text) {
  fmt::print(stderr, "logystera {}: {}\n", command, printable(text));
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

std::string_view option_name(analysis::ProgramOption option) {
  switch (option) {
    case analysis::ProgramOption::format: return "--format";
    case analysis::ProgramOption::mode: return "--redact";
    case analysis::ProgramOption::digits: return "--pii-digits";
    case analysis::ProgramOption::logsource: return "--logsource";
    case analysis::ProgramOption::question: break;  // its messages name it
  }
  return {};
}

const std::string& said_or(const std::string& option, const std::string& otherwise) {
  return option.empty() ? otherwise : option;
}

// What the options and the configuration say together.
Result<analysis::ProgramOptions> merged(const Config& config, const AnalysisOptions& options) {
  analysis::ProgramOptions all;
  all.format = options.format;
  all.log_format = options.log_format;
  all.formats_dir = said_or(options.formats_dir, config.formats_dir);
  all.plugins = plugin_options(config, options.plugins_dir);
  all.timezone = said_or(options.timezone, config.timezone);
  all.logsource = options.logsource;
  all.follow_links = options.follow_links;
  all.threads = options.threads;
  all.question = options.question;
  all.now = wall_seconds();
  all.mode = said_or(options.redact, config.redact);
  all.digits = options.pii_digits.value_or(config.pii_digits);
  all.salt = config.pii_salt;
  all.salt_file = redact::default_salt_file();
  all.patterns_file = config.pii_rules_path;
  all.patterns_may_miss = !config.pii_rules_named;
  all.metrics = options.metrics;
  all.metrics_paths = config.metrics_dirs;
  all.rules = !options.no_rules;
  all.say_origins = options.verbose;
  if (!all.rules) return all;
  all.sources.built_in = !options.no_builtin;
  all.sources.follow_links = options.follow_links;
  all.sources.placeholders = said_or(options.placeholders, config.placeholders);
  for (const auto* list : {&config.rules_dirs, &config.sigma_dirs, &options.rules_dirs, &options.sigma_dirs})
    all.sources.paths.insert(all.sources.paths.end(), list->begin(), list->end());
  auto wanted = cache_wanted(config, options);
  if (!wanted) return wanted.error();
  all.rule_cache = wanted.value();
  return all;
}

// The process ends with it, and the system takes its memory back at once: freeing what thousands of rules are made of, piece by
// piece, would be a tenth of a short scan. A command makes one.
void leave_until_exit(std::shared_ptr<const analysis::Program> program) {
  static const auto& left = *new std::shared_ptr<const analysis::Program>(std::move(program));
  static_cast<void>(left);
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
  command.add_option("--plugins-dir", options.plugins_dir, "Directory with plugins (*.lua, *.py), instead of plugins_dir");
  command.add_flag("--follow-links", options.follow_links,
                   "Follow symbolic links met in directories, patterns and rotated sets; what is named is always followed");
  command.add_option(
      "--timezone", options.timezone,
      "Zone of times that name none, and of times shown: local, UTC, +02:00 or Europe/Berlin [default: local]");
  command
      .add_option(
          "--threads", options.threads,
          "Threads at work [default: one a processor, at most 8; one less where another program delivers the lines]")
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

Result<std::unique_ptr<analysis::Baselines>> make_baselines(store::BaselineStore& store, analysis::AnomalyOptions options,
                                                            analysis::Baselines::Report report) {
  options.reset_command = "logystera anomaly reset --source";
  options.bucket_option = "--bucket";
  auto baselines = analysis::Baselines::make(store, std::move(options), std::move(report));
  if (!baselines) return Error{"--anomaly-model " + baselines.error().message, baselines.error().kind};
  return baselines;
}

plugin::Options plugin_options(const Config& config, const std::string& directory) {
  plugin::Options options = config.plugins;
  options.directory = said_or(directory, config.plugins.directory);
  return options;
}

void say_hook_notes(std::string_view command, const analysis::Program& program) {
  for (const std::string& note : program.hook_notes()) warn(command, note);
}

Result<std::vector<plugin::Plugin>> load_plugins(std::string_view command, const plugin::Options& options) {
  auto plugins = plugin::load(options, {});
  if (!plugins) return plugins.error();
  for (const plugin::Plugin& plugin : plugins.value()) {
    if (!plugin.fault.empty()) warn(command, fmt::format("plugin skipped: {}", plugin.fault));
    for (const std::string& warning : plugin.warnings) warn(command, warning);
  }
  return plugins;
}

analysis::Tracker::Options tracking_options(const Analysis& analysis) {
  return {.least = analysis.config.findings_min_severity,
          .retention = configured_retention(analysis.config),
          .patterns = analysis.program->pipeline().patterns,
          .of_a_part = analysis.program->pipeline().filter != nullptr};
}

Result<Setting> load_setting(std::string_view command, const Globals& globals) {
  auto config = load_config(globals.config);
  if (!config) return config.error();
  say_warnings(command, config.value());
  Setting setting{std::move(config).value(), {}};
  setting.store_url = database_url(globals, setting.config);
  if (auto known = store::exists(setting.store_url); !known) return store_failure(known.error());
  return setting;
}

Result<Analysis> load_analysis(std::string_view command, const Globals& globals, const AnalysisOptions& options) {
  auto setting = load_setting(command, globals);
  if (!setting) return setting.error();
  auto all = merged(setting->config, options);
  if (!all) return all.error();
  analysis::ProgramNotes notes;
  auto program = analysis::Program::make(all.value(), notes);
  for (const std::string& warning : notes.warnings) warn(command, warning);
  if (!program && notes.wrong == analysis::ProgramOption::question) return as_option(program.error());
  if (!program && notes.wrong)
    return Error{fmt::format("{} {}", option_name(*notes.wrong), program.error().message), program.error().kind};
  if (!program) return program.error();
  return Analysis{std::move(setting->config), std::move(setting->store_url), std::move(program).value()};
}

Result<Analysis> prepare(std::string_view command, const Globals& globals, const AnalysisOptions& options) {
  auto loaded = load_analysis(command, globals, options);
  if (loaded) leave_until_exit(loaded->program);
  return loaded;
}

}  // namespace logystera::cli
