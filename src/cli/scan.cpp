// `logystera scan`: logs in, events and findings out.
#include <fmt/core.h>

#include <memory>
#include <utility>

#include "analysis/baselines.hpp"
#include "analysis/tracking.hpp"
#include "cli/analysis.hpp"
#include "cli/assistant.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/scan_report.hpp"
#include "cli/terminal.hpp"

namespace logystera::cli {
namespace {

constexpr std::uint64_t kEventsShown = 50;

struct Options {
  std::vector<std::string> paths;
  AnalysisOptions analysis;
  analysis::AnomalyOptions anomaly;
  bool rotated = false, all = false, format_only = false, track_errors = false, detect_anomalies = false, ndjson = false,
       no_progress = false, explain_findings = false, classify = false;
  std::uint64_t limit = kEventsShown;
  std::string min_severity, fail_on;
};

Result<std::optional<detect::Level>> parse_level(std::string_view option, const std::string& text) {
  if (text.empty()) return std::optional<detect::Level>();
  const auto level = detect::level_from(text);
  if (!level)
    return Error{fmt::format("{} {}: write informational, low, medium, high or critical", option, text),
                 ErrorKind::invalid};
  return level;
}

// --format-only: what each source is taken for, without reading it.
int print_formats(const analysis::Program& program, const std::vector<source::SourceSet>& sets, ScanOutput output) {
  int exit_code = kExitDone;
  for (const source::SourceSet& set : sets) {
    for (const FilePath& member : set.files) {
      FieldNames names;
      const std::string& file = member.path;
      auto input = source::open_source(member, program.pipeline().source.input);
      bool no_log = false;
      auto source = input ? parse::Source::open(std::move(input).value(), program.formats(), names,
                                                program.pipeline().source, &no_log)
                          : Result<parse::Source>(input.error());
      if (!source && no_log && member.found) {
        say_no_log(file, source.error());
        continue;
      }
      if (!source) {
        exit_code = fail("scan", source.error());
        continue;
      }
      print_detection(output, file, source->detection());
    }
  }
  return exit_code;
}

int run(const Globals& globals, const Options& options) {
  const auto least = parse_level("--min-severity", options.min_severity);
  if (!least) return fail("scan", least.error());
  const auto fail_on = parse_level("--fail-on", options.fail_on);
  if (!fail_on) return fail("scan", fail_on.error());
  auto prepared = prepare("scan", globals, options.analysis);
  if (!prepared) return fail("scan", prepared.error());
  const Analysis analysis = std::move(prepared).value();
  const analysis::Program& program = *analysis.program;
  if (options.track_errors && program.pipeline().mode == redact::Mode::dry_run)
    return fail("scan", Error{"dry-run leaves personal data as they are, and those are never stored: leave --track-errors "
                              "out, or use --redact redact or mask",
                              ErrorKind::invalid});
  std::unique_ptr<assist::Assistant> assistant;
  if (options.explain_findings || options.classify) {
    if (globals.json || options.ndjson)
      return fail("scan",
                  Error{"--explain-findings and --classify print text: leave --json and --ndjson out", ErrorKind::invalid});
    auto made = make_assistant("scan", analysis.config, program);
    if (!made) return fail("scan", made.error());
    assistant = std::move(made).value();
  }
  PassedOver passed;
  auto sets = source::find_sources(options.paths,
                                   {.rotated = options.rotated, .follow_links = options.analysis.follow_links}, &passed);
  say_passed_over("scan", passed);
  if (!sets) return fail("scan", sets.error());
  const bool typed = typed_input("scan", options.paths);
  const ScanOutput output = options.ndjson ? ScanOutput::ndjson : globals.json ? ScanOutput::json : ScanOutput::text;
  if (options.format_only) return print_formats(program, sets.value(), output);

  auto dismissals = analysis::load_dismissals(analysis.store_url);
  if (!dismissals) return fail("scan", store_failure(dismissals.error()));
  const std::unique_ptr<ScanReport> made =
      ScanReport::make(output, program,
                       {.least = least.value(),
                        .limit = options.all ? ~std::uint64_t{0} : options.limit,
                        .all = options.all,
                        .style = {program.zone(), output == ScanOutput::text && colour_wanted()}},
                       std::move(dismissals).value());
  ScanReport& report = *made;
  std::unique_ptr<analysis::Tracker> opened;
  if (options.track_errors || options.detect_anomalies) {
    auto tracker = analysis::Tracker::open(analysis.store_url, tracking_options(analysis));
    if (!tracker) return fail("scan", store_failure(tracker.error()));
    opened = std::move(tracker).value();
  }
  analysis::Tracker* const tracker = opened.get();
  if (options.detect_anomalies) {
    auto baselines = make_baselines(opened->store().baselines(), options.anomaly,
                                    [&report](const auto& key, const auto& anomaly, auto stage) {
                                      if (stage == analysis::Baselines::Stage::over) report.add(key, anomaly);
                                    });
    if (!baselines) return fail("scan", baselines.error());
    report.baselines = std::move(baselines).value();
  }
  if (options.track_errors) report.tracker = std::move(opened);

  ForTheModel for_the_model;
  if (assistant) report.for_the_model = &for_the_model;
  analysis::Progress progress;
  analysis::Totals totals;
  {
    const ProgressLine line(progress, plain_bytes(sets.value()), !options.no_progress && !typed);
    totals = analysis::run(sets.value(), analysis.program, report, progress, interrupted());
  }
  say_hook_notes("scan", program);
  if (report.baselines) report.keep(report.baselines->finish());
  if (tracker) report.keep(tracker->commit());
  report.keep(report.print(totals));
  if (report.problem()) return fail("scan", *report.problem());
  if (totals.failed > 0) return kExitError;
  if (totals.interrupted)
    return fail("scan", Error{"interrupted before the end: what is shown is what was read until then"});
  if (options.explain_findings)
    if (auto explained = for_the_model.explain(*assistant, program); !explained) return fail("scan", explained.error());
  if (options.classify)
    if (auto said = for_the_model.classify(*assistant); !said) return fail("scan", said.error());
  return fail_on.value() && report.found(*fail_on.value()) ? kExitFound : kExitDone;
}

}  // namespace

void add_scan(Program program) {
  auto* scan = program.app.add_subcommand("scan", "Analyse logs: recognise, redact, run rules, report");
  auto options = std::make_shared<Options>();
  scan->add_option("PATH", options->paths, "Files, directories or patterns; '-' or nothing: standard input");
  scan->add_flag("--rotated", options->rotated, "Read each file's rotated siblings too (access.log.1, access.log.2.gz, …)");
  add_reading(*scan, options->analysis);
  add_rules(*scan, options->analysis);
  scan->add_option("--min-severity", options->min_severity, "Leave out findings below: low, medium, high, critical");
  scan->add_option("--fail-on", options->fail_on, "Exit with 1 if there is a finding of this severity or worse");
  scan->add_option("--limit,-n", options->limit, "Show at most this many events")
      ->check(whole_number(0, kListedMost))
      ->capture_default_str();
  scan->add_flag("--all", options->all, "Show every event and every finding");
  scan->add_flag("--format-only", options->format_only, "Print each source's detected format and exit");
  scan->add_flag("--track-errors", options->track_errors, "Store error groups, and findings of high severity or worse");
  scan->add_flag("--detect-anomalies", options->detect_anomalies,
                 "Compare activity with the source's baseline, which grows by it");
  add_anomaly_options(*scan, options->anomaly);
  scan->add_flag("--explain-findings", options->explain_findings,
                 "Have a model explain up to 3 findings of high severity or worse ('logystera llm info')");
  scan->add_flag("--classify", options->classify,
                 "Have a model say how severe it finds the first 20 events; nothing changes by it");
  add_json(*scan, program.globals, "One JSON document");
  scan->add_flag("--ndjson", options->ndjson,
                 "One JSON object a line, as they come: event, finding, anomaly, source, summary");
  scan->add_flag("--no-progress", options->no_progress, "No progress bar (there is one on a terminal only)");
  add_store(*scan, program.globals);
  scan->footer(
      "Examples:\n"
      "  logystera scan /var/log/auth.log\n"
      "  logystera scan --rotated /var/log/nginx/access.log --min-severity medium -n 0\n"
      "  journalctl -n 1000 | logystera scan -\n"
      "  logystera scan --sigma sigma/rules logs/*.evtx --ndjson -n 0\n"
      "  logystera scan /var/log/syslog --track-errors --detect-anomalies\n\n"
      "The format is recognised; gzip, zstd, EVTX and journal exports are read as they are. Lines that fit no format are\n"
      "kept as text and counted. Everything shown or stored is redacted first; nothing is stored without --track-errors\n"
      "or --detect-anomalies, and nothing leaves the machine but what --explain-findings and --classify ask a model, if it "
      "is on another.\n"
      "Exit codes: 0 done, 1 a finding of --fail-on's severity, 2 an error (a source that could not be read to its end).\n"
      "Files below a directory that are no logs (programs, images, journals, wtmp) are passed over and said; one that is "
      "named "
      "is an error.");
  scan->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli
