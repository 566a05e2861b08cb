// What the analysing commands (scan, tail, anomaly, demo) share: their options, and everything those options stand for,
// loaded and checked before the first line is read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/baselines.hpp"
#include "analysis/pipeline.hpp"
#include "analysis/tracking.hpp"
#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "cli/config.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "core/walk.hpp"
#include "detect/engine.hpp"
#include "parse/format.hpp"
#include "redact/labels.hpp"

namespace logystera::cli {

/// How times without a zone are read, and how times are shown. Never null.
using Zone = std::shared_ptr<const parse::Zone>;

/// "local" (or empty), "UTC", "+02:00" or "Europe/Berlin".
Result<Zone> parse_zone(const std::string& text);

/// "2026-05-18 10:00:01" in that zone; "-" for an unknown time.
std::string time_in(const Zone& zone, bool known, std::int64_t time_ns);

struct AnalysisOptions {
  std::string redact;  // empty: the configuration's
  bool no_rules = false, no_builtin = false, no_rule_cache = false, verbose = false, follow_links = false;
  std::vector<std::string> rules_dirs, sigma_dirs;
  std::string placeholders;
  std::string format, log_format, formats_dir, timezone, logsource;
  unsigned threads = 0;  // 0: one a processor
  std::optional<unsigned> pii_digits;
};

/// Everything a run needs. Kept at one address: the engine points at the rules.
struct Analysis {
  Config config;
  std::string store_url;
  Zone zone;
  parse::Formats formats;
  FieldNames names;
  detect::RuleSet rules;
  std::optional<detect::Engine> engine;
  analysis::PipelineOptions pipeline;
  std::unique_ptr<const redact::FieldLabels> labels;  // of `names`, as they may be shown
};

/// Names on standard error what a walk passed over and why, the first of it, and counts the rest.
void say_passed_over(std::string_view command, const PassedOver& passed);

/// Options for reading and redacting, and those for rules.
void add_reading(Command& command, AnalysisOptions& options);
void add_rules(Command& command, AnalysisOptions& options);

/// --anomaly-source, --anomaly-threshold and --anomaly-model.
void add_anomaly_options(Command& command, analysis::AnomalyOptions& options);

/// What the configuration says of what is stored.
analysis::Tracker::Options tracking_options(const Analysis& analysis);

/// Loads and checks all of it; warnings (refused rules, unknown configuration keys) go to standard error.
Result<std::unique_ptr<Analysis>> prepare(std::string_view command, const Globals& globals, const AnalysisOptions& options);

/// Keeps it until the process ends, which takes its memory back at once: freeing what thousands of rules are made of, piece by
/// piece, would be a tenth of a short scan.
Analysis& keep(std::unique_ptr<Analysis> analysis);

/// The configuration, with its warnings said, and the database file it or --store names.
struct Setting {
  Config config;
  std::string store_url;
};
Result<Setting> load_setting(std::string_view command, const Globals& globals);

}  // namespace logystera::cli
