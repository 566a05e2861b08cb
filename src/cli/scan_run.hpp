// What `scan` and every `X scan` have in common: records of any sources in, a report out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/baselines.hpp"
#include "analysis/pipeline.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/scan_report.hpp"

namespace logystera::cli {

inline constexpr std::uint64_t kEventsShown = 50;

struct ScanOptions {
  AnalysisOptions analysis;
  analysis::AnomalyOptions anomaly;
  bool all = false, all_findings = false, summary = false, show_pii = false, track_errors = false, detect_anomalies = false,
       ndjson = false, no_progress = false, explain_findings = false, classify = false, findings_only = false;
  std::uint64_t limit = kEventsShown;
  std::string min_severity, fail_on;
  bool names_sources = false;        // text names the source of each event
  std::string all_option = "--all";  // what `all` is called where --all means something else
};

/// Adds all of them to a command.
void add_scanning(Command& command, Globals& globals, ScanOptions& options);

ScanOutput scan_output(const Globals& globals, const ScanOptions& options) noexcept;

/// What is to be scanned.
struct Scanned {
  std::function<analysis::Totals(analysis::Watcher& watcher, analysis::Progress& progress)> run;
  std::uint64_t plain_bytes = 0;  // for the line that shows how far a scan is; 0: unknown
  bool progress = true;           // false: no such line
  std::optional<int> exit_code;   // all was done already: nothing is scanned
  /// Of a fleet: its targets, complete once `run` has returned.
  std::shared_ptr<const std::vector<ScannedTarget>> targets = nullptr;
  bool some_suffice = false;  // a target that could not be read makes the run no failure where another was
};

/// Of any sources, one after the other. `next` is copied.
Scanned scanned(const Analysis& analysis, analysis::NextSource next);

/// `command` is whom messages are from: "scan", "journald scan". `open` is called once options and rules are known to be right. The
/// exit code.
int run_scan(const std::string& command, const Globals& globals, const ScanOptions& options,
             const std::function<Result<Scanned>(const Analysis& analysis)>& open);

}  // namespace logystera::cli
