// See scan_run.hpp.
#include "cli/scan_run.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "analysis/tracking.hpp"
#include "cli/asking.hpp"
#include "cli/assistant.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"

namespace logystera::cli {
namespace {

Result<std::optional<detect::Level>> parse_level(std::string_view option, const std::string& text) {
  if (text.empty()) return std::optional<detect::Level>();
  const auto level = detect::level_from(text);
  if (!level)
    return Error{fmt::format("{} {}: write informational, low, medium, high or critical", option, text),
                 ErrorKind::invalid};
  return level;
}

constexpr const char* kShownAsIs = "dry-run";  // of --redact

// No events and nothing said about findings: the answer alone.
bool is_summary(const ScanOptions& options) noexcept {
  return options.summary || (options.limit == 0 && !options.all && !options.all_findings && !options.findings_only);
}

}  // namespace

ScanOutput scan_output(const Globals& globals, const ScanOptions& options) noexcept {
  return options.ndjson ? ScanOutput::ndjson : globals.json ? ScanOutput::json : ScanOutput::text;
}

Scanned scanned(const Analysis& analysis, analysis::NextSource next) {
  Scanned result;
  result.run = [program = analysis.program, next = std::move(next)](analysis::Watcher& watcher,
                                                                    analysis::Progress& progress) {
    analysis::PipelineOptions pipeline = program->pipeline();
    pipeline.threads = pipeline.threads_beside;
    return analysis::run(next, program->names(), program->engine(), pipeline, watcher, progress, interrupted());
  };
  return result;
}

int run_scan(const std::string& command, const Globals& globals, const ScanOptions& options,
             const std::function<Result<Scanned>(const Analysis& analysis)>& open) {
  const auto least = parse_level("--min-severity", options.min_severity);
  if (!least) return fail(command, least.error());
  const auto fail_on = parse_level("--fail-on", options.fail_on);
  if (!fail_on) return fail(command, fail_on.error());
  AnalysisOptions asked = options.analysis;
  if (options.show_pii) {
    if (!asked.redact.empty() && asked.redact != kShownAsIs)
      return fail(command, Error{"--show-pii shows personal data, --redact " + asked.redact + " does not: leave one out",
                                 ErrorKind::invalid});
    asked.redact = kShownAsIs;
  }
  auto prepared = prepare(command, globals, asked);
  if (!prepared) return fail(command, prepared.error());
  const Analysis analysis = std::move(prepared).value();
  const analysis::Program& program = *analysis.program;
  if (options.track_errors && program.pipeline().mode == redact::Mode::dry_run)
    return fail(command, Error{"dry-run leaves personal data as they are, and those are never stored: leave --track-errors "
                               "out, or use --redact redact or mask",
                               ErrorKind::invalid});
  if (options.detect_anomalies && program.pipeline().filter) return fail(command, baseline_of_part());
  std::unique_ptr<assist::Assistant> assistant;
  if (options.explain_findings || options.classify) {
    if (globals.json || options.ndjson)
      return fail(command,
                  Error{"--explain-findings and --classify print text: leave --json and --ndjson out", ErrorKind::invalid});
    auto made = make_assistant(command, analysis.config, program);
    if (!made) return fail(command, made.error());
    assistant = std::move(made).value();
  }
  auto opened_sources = open(analysis);
  if (!opened_sources) return fail(command, opened_sources.error());
  const Scanned sources = std::move(opened_sources).value();
  if (sources.exit_code) return *sources.exit_code;
  const ScanOutput output = scan_output(globals, options);

  auto dismissals = analysis::load_dismissals(analysis.store_url);
  if (!dismissals) return fail(command, store_failure(dismissals.error()));
  const std::unique_ptr<ScanReport> made =
      ScanReport::make(output, program,
                       {.least = least.value(),
                        .limit = options.findings_only || options.summary ? 0
                                 : options.all                            ? ~std::uint64_t{0}
                                                                          : options.limit,
                        .all = options.all,
                        .all_findings = options.all || options.all_findings,
                        .summary = is_summary(options),
                        .command = command,
                        .style = {program.zone(), output == ScanOutput::text && colour_wanted(), options.names_sources}},
                       std::move(dismissals).value());
  ScanReport& report = *made;
  std::unique_ptr<analysis::Tracker> opened;
  if (options.track_errors || options.detect_anomalies) {
    auto tracker = analysis::Tracker::open(analysis.store_url, tracking_options(analysis));
    if (!tracker) return fail(command, store_failure(tracker.error()));
    opened = std::move(tracker).value();
  }
  analysis::Tracker* const tracker = opened.get();
  if (options.detect_anomalies) {
    auto baselines = make_baselines(opened->store().baselines(), options.anomaly,
                                    [&report](const auto& key, const auto& anomaly, auto stage) {
                                      if (stage == analysis::Baselines::Stage::over) report.add(key, anomaly);
                                    });
    if (!baselines) return fail(command, baselines.error());
    report.baselines = std::move(baselines).value();
  }
  if (options.track_errors) report.tracker = std::move(opened);

  ForTheModel for_the_model;
  if (assistant) report.for_the_model = &for_the_model;
  analysis::Progress progress;
  analysis::Totals totals;
  {
    const ProgressLine line(progress, sources.plain_bytes, !options.no_progress && sources.progress);
    totals = sources.run(report, progress);
  }
  report.targets = sources.targets.get();
  say_hook_notes(command, program);
  if (totals.counts.records > 0) say_unseen_fields(command, program.pipeline().filter.get());
  if (report.baselines) report.keep(report.baselines->finish());
  if (tracker && !report.tracker) report.keep(tracker->commit());
  report.end();
  report.keep(report.print(totals));
  if (report.problem()) return fail(command, *report.problem());
  if (sources.targets) {
    const auto failed = std::count_if(sources.targets->begin(), sources.targets->end(), [](const ScannedTarget& target) {
      return target.state == ScannedTarget::State::failed;
    });
    if (failed > 0 && (!sources.some_suffice || failed == std::ssize(*sources.targets))) return kExitError;
  } else if (totals.failed > 0) {
    return kExitError;
  }
  if (totals.interrupted)
    return fail(command, Error{"interrupted before the end: what is shown is what was read until then"});
  if (options.explain_findings)
    if (auto explained = for_the_model.explain(*assistant, program); !explained) return fail(command, explained.error());
  if (options.classify)
    if (auto said = for_the_model.classify(*assistant); !said) return fail(command, said.error());
  return fail_on.value() && report.found(*fail_on.value()) ? kExitFound : kExitDone;
}

void add_scanning(Command& command, Globals& globals, ScanOptions& options) {
  add_reading(command, options.analysis);
  add_rules(command, options.analysis);
  add_condition(command, options.analysis.question, "records");
  command.add_option("--min-severity", options.min_severity, "Leave out findings below: low, medium, high, critical");
  command.add_option("--fail-on", options.fail_on, "Exit with 1 if there is a finding of this severity or worse");
  command.add_option("--limit,-n", options.limit, "Show at most this many events")
      ->check(whole_number(0, kListedMost))
      ->capture_default_str();
  command.add_flag(options.all_option, options.all, "Show every event and every finding");
  command.add_flag("--findings", options.all_findings, "List every finding, not the newest of each rule");
  command.add_flag("--findings-only", options.findings_only, "Show no events");
  command.add_flag("--summary", options.summary, "Show the last screen alone, what it all comes to; so does -n 0");
  command.add_flag("--show-pii", options.show_pii, "Show personal data as they are, on the screen only: --redact dry-run");
  command.add_flag("--track-errors", options.track_errors, "Store error groups, and findings of high severity or worse");
  command.add_flag("--detect-anomalies", options.detect_anomalies,
                   "Compare activity with the source's baseline, which grows by it");
  add_anomaly_options(command, options.anomaly);
  command.add_flag("--explain-findings", options.explain_findings,
                   "Have a model explain up to 3 findings of high severity or worse ('logystera llm info')");
  command.add_flag("--classify", options.classify,
                   "Have a model say how severe it finds the first 20 events; nothing changes by it");
  add_json(command, globals, "One JSON document");
  command.add_flag("--ndjson", options.ndjson,
                   "One JSON object a line, as they come: event, finding, anomaly, source, summary");
  command.add_flag("--no-progress", options.no_progress, "No progress bar (there is one on a terminal only)");
  add_store(command, globals);
}

}  // namespace logystera::cli
