// What the analysing commands (scan, tail, anomaly, demo) share: their options, and everything those options stand for,
// loaded and checked before the first line is read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/baselines.hpp"
#include "analysis/program.hpp"
#include "analysis/tracking.hpp"
#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "cli/config.hpp"
#include "core/result.hpp"
#include "core/walk.hpp"
#include "filter/filter.hpp"

namespace logystera::cli {

using analysis::parse_zone;
using analysis::Zone;

/// "2026-05-18 10:00:01" in that zone; "-" for an unknown time.
std::string time_in(const Zone& zone, bool known, std::int64_t time_ns);

struct AnalysisOptions {
  std::string redact;  // empty: the configuration's
  bool no_rules = false, no_builtin = false, no_rule_cache = false, verbose = false, follow_links = false;
  bool metrics = false;  // of signals are counted
  std::vector<std::string> rules_dirs, sigma_dirs;
  std::string placeholders;
  std::string format, log_format, formats_dir, plugins_dir, timezone, logsource;
  unsigned threads = 0;  // 0: one a processor
  std::optional<unsigned> pii_digits;
  filter::Question question;  // which records are wanted
};

/// Everything a run needs.
struct Analysis {
  Config config;
  std::string store_url;
  std::shared_ptr<const analysis::Program> program;
};

/// Names on standard error what a walk passed over and why, the first of it, and counts the rest.
void say_passed_over(std::string_view command, const PassedOver& passed);

/// Options for reading and redacting, and those for rules.
void add_reading(Command& command, AnalysisOptions& options);
void add_rules(Command& command, AnalysisOptions& options);

/// --anomaly-source, --anomaly-threshold and --anomaly-model.
void add_anomaly_options(Command& command, analysis::AnomalyOptions& options);

/// Baselines whose errors say which options and commands help.
Result<std::unique_ptr<analysis::Baselines>> make_baselines(store::BaselineStore& store, analysis::AnomalyOptions options,
                                                            analysis::Baselines::Report report);

/// The plugins of the configuration, or of the directory an option named.
plugin::Options plugin_options(const Config& config, const std::string& directory);
/// Says how functions of plugins fared in a run that has ended.
void say_hook_notes(std::string_view command, const analysis::Program& program);
/// Runs them for a command that shows what they registered; what is wrong with them is said.
Result<std::vector<plugin::Plugin>> load_plugins(std::string_view command, const plugin::Options& options);

/// What the configuration says of what is stored.
analysis::Tracker::Options tracking_options(const Analysis& analysis);

/// Loads and checks all of it; warnings (refused rules, unknown configuration keys) go to standard error.
Result<Analysis> load_analysis(std::string_view command, const Globals& globals, const AnalysisOptions& options);
/// The same, once in a process that ends with its run.
Result<Analysis> prepare(std::string_view command, const Globals& globals, const AnalysisOptions& options);

/// The configuration, with its warnings said, and the database file it or --store names.
struct Setting {
  Config config;
  std::string store_url;
};
Result<Setting> load_setting(std::string_view command, const Globals& globals);

}  // namespace logystera::cli
