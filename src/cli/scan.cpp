// `logystera scan`: logs in, events and findings out.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "analysis/baselines.hpp"
#include "analysis/tracking.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/render.hpp"
#include "cli/spool.hpp"
#include "cli/terminal.hpp"

namespace logystera::cli {
namespace {

constexpr std::uint64_t kEventsShown = 50;
constexpr std::uint64_t kFindingsOfRuleShown = 20;  // in text for people; --all shows every one
constexpr std::uint64_t kFindingsListed = 100'000;  // in one JSON document; --ndjson has no limit
constexpr std::uint64_t kSourcesListed = 200;
constexpr std::uint64_t kPassedOverSaid = 20;

// `why` names the file in front.
void say_no_log(const std::string& file, const Error& why) {
  std::string_view what = why.message;
  if (what.starts_with(file + ": ")) what.remove_prefix(file.size() + 2);
  fmt::print(stderr, "logystera scan: {}: passed over: {}\n", printable(file), printable(what));
}

constexpr int kEventDigitsMost = 12;

struct Options {
  std::vector<std::string> paths;
  AnalysisOptions analysis;
  analysis::AnomalyOptions anomaly;
  bool rotated = false, all = false, format_only = false, track_errors = false, detect_anomalies = false, ndjson = false,
       no_progress = false;
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

enum class Output { text, json, ndjson };

// Collects what is shown; in NDJSON it is printed as it comes.
class Report final : public analysis::Watcher {
 public:
  Report(const analysis::Program& program, const Options& options, Output output, Style style,
         analysis::Dismissals dismissals, std::optional<detect::Level> least)
      : program_(program),
        output_(output),
        style_(style),
        dismissals_(std::move(dismissals)),
        least_(least),
        limit_(options.all ? ~std::uint64_t{0} : options.limit),
        all_(options.all),
        digits_(options.all ? 6 : std::clamp(static_cast<int>(std::to_string(options.limit).size()), 1, kEventDigitsMost)) {
  }

  void prepare(analysis::Chunk& chunk) override {
    std::erase_if(chunk.findings, [&](const analysis::Finding& finding) {
      return (least_ && finding.level < *least_) || dismissals_.hides(finding.rule, finding.source);
    });
    JsonText json;
    for (std::size_t i = 0; i < chunk.batch.records.size() && chunk.first_record + i < limit_; ++i) {
      const std::uint64_t number = chunk.first_record + i + 1;
      if (output_ == Output::text) {
        append_event(chunk.text, number, digits_, chunk.batch.records[i], style_);
        continue;
      }
      if (output_ == Output::ndjson) json.begin_object().key("event");
      append_event(json, number, chunk.batch.records[i], program_.labels());
      if (output_ == Output::ndjson) {
        json.end_object();
        chunk.text += json.take() + "\n";
      } else {
        chunk.text += (number > 1 ? "," : "") + json.take();
      }
    }
  }

  void take(analysis::Chunk& chunk) override {
    shown_ += chunk.first_record < limit_ ? std::min<std::uint64_t>(chunk.batch.size(), limit_ - chunk.first_record) : 0;
    if (output_ == Output::ndjson) std::fwrite(chunk.text.data(), 1, chunk.text.size(), stdout);
    else keep(events_.append(chunk.text));
    for (const analysis::Finding& finding : chunk.findings) {
      show(finding);
      if (tracker) keep(tracker->add(finding));
    }
    if (tracker)
      for (const Record& record : chunk.batch.records) keep(tracker->add(record));
    if (baselines) keep(baselines->add(chunk.set, chunk.batch));
  }

  void finished(const analysis::SourceReport& source) override {
    if (source.passed_over) {
      if (++passed_over_ <= kPassedOverSaid) say_no_log(source.name, *source.problem);
      return;
    }
    if (sources_.size() < kSourcesListed) sources_.push_back(source);
    ++formats_[source.format];
    if (source.problem) fmt::print(stderr, "logystera scan: {}\n", printable(source.problem->message));
  }

  void show_anomaly(const std::string& key, const detect::Anomaly& anomaly) {
    ++anomaly_count_;
    if (output_ == Output::text) {
      anomalies_ += anomaly_line(key, anomaly, style_);
      return;
    }
    JsonText json;
    if (output_ == Output::ndjson) json.begin_object().key("anomaly");
    append_anomaly(json, key, anomaly);
    if (output_ == Output::ndjson) {
      json.end_object();
      fmt::print("{}\n", json.text());
    } else {
      anomalies_ += (anomalies_.empty() ? "" : ",") + json.take();
    }
  }

  Result<Done> print(const analysis::Totals& totals);
  /// The first thing that went wrong with what is kept.
  const std::optional<Error>& problem() const noexcept { return problem_; }
  void keep(const Result<Done>& result) {
    if (!result && !problem_) problem_ = result.error();
  }
  bool found(detect::Level least) const {
    return std::any_of(by_level_.begin(), by_level_.end(),
                       [&](const auto& entry) { return entry.first >= least && entry.second > 0; });
  }

  std::unique_ptr<analysis::Tracker> tracker;      // with --track-errors
  std::unique_ptr<analysis::Baselines> baselines;  // with --detect-anomalies

 private:
  void show(const analysis::Finding& finding) {
    ++by_level_[finding.level];
    const std::uint64_t nth = ++by_rule_[finding.rule];
    ++finding_count_;
    if (output_ == Output::text) {
      if (all_ || nth <= kFindingsOfRuleShown) keep(findings_.append(finding_line(finding, style_, true)));
      return;
    }
    JsonText json;
    if (output_ == Output::ndjson) {
      json.begin_object().key("finding");
      append_finding(json, finding);
      json.end_object();
      fmt::print("{}\n", json.text());
    } else if (listed_ < kFindingsListed) {
      append_finding(json, finding);
      keep(findings_.append((listed_++ > 0 ? "," : "") + json.text()));
    }
  }
  void print_header(const analysis::Totals& totals) const;
  void append_summary(JsonText& json, const analysis::Totals& totals) const;
  Result<Done> print_text(const analysis::Totals& totals);
  Result<Done> print_json(const analysis::Totals& totals);

  const analysis::Program& program_;
  const Output output_;
  const Style style_;
  const analysis::Dismissals dismissals_;
  const std::optional<detect::Level> least_;
  const std::uint64_t limit_;
  const bool all_;
  const int digits_;

  std::uint64_t shown_ = 0, finding_count_ = 0, listed_ = 0, anomaly_count_ = 0;
  Spool events_, findings_;
  std::string anomalies_;
  std::vector<analysis::SourceReport> sources_;
  std::map<std::string, std::uint64_t> formats_, by_rule_;
  std::map<detect::Level, std::uint64_t> by_level_;
  std::optional<Error> problem_;
  std::uint64_t passed_over_ = 0;
};

void Report::print_header(const analysis::Totals& totals) const {
  const std::string rule(60, '-');
  fmt::print("{}\n", rule);
  if (totals.sources == 1 && !sources_.empty()) {
    const analysis::SourceReport& source = sources_.front();
    fmt::print("Source   : {}\n", printable(source.name));
    fmt::print("Format   : {}{}{}\n", source.format.empty() ? "-" : source.format,
               source.compression.empty() ? "" : " (" + source.compression + ")",
               source.encoding.empty() ? "" : " in " + source.encoding);
    for (const parse::FormatChange& change : source.changes)
      fmt::print("           {} from line {} on\n", change.format->name, grouped(change.line));
  } else {
    std::string formats;
    for (const auto& [name, count] : formats_)
      formats += fmt::format("{}{} ({})", formats.empty() ? "" : ", ", name.empty() ? "unreadable" : name, count);
    fmt::print("Sources  : {}{}\n", grouped(totals.sources),
               totals.failed > 0 ? fmt::format(" ({} not read to the end)", grouped(totals.failed)) : "");
    fmt::print("Formats  : {}\n", formats);
  }
  const parse::SourceCounts& counts = totals.counts;
  fmt::print("Events   : {}\n", grouped(counts.records));
  if (counts.unparsed > 0) fmt::print("Unparsed : {} (kept as plain text)\n", grouped(counts.unparsed));
  if (counts.truncated > 0) fmt::print("Cut      : {} lines were too long and kept in part\n", grouped(counts.truncated));
  if (counts.hole_bytes > 0) fmt::print("Holes    : {} NUL bytes in front of lines\n", grouped(counts.hole_bytes));
  if (counts.unfinished > 0) fmt::print("In part  : {} records whose last part is missing\n", grouped(counts.unfinished));
  if (counts.undecodable > 0) fmt::print("Encoding : {} characters could not be decoded\n", grouped(counts.undecodable));
  if (counts.unnamed_fields > 0)
    fmt::print("Fields   : {} left out: too many different names, or names too long\n", grouped(counts.unnamed_fields));
  if (counts.damaged > 0) fmt::print("Damaged  : {} parts could not be read\n", grouped(counts.damaged));
  fmt::print("PII hits : {} (mode: {})\n", grouped(totals.redacted_total()), redact::mode_name(program_.pipeline().mode));
  std::string levels;
  for (auto at = by_level_.rbegin(); at != by_level_.rend(); ++at)
    levels += fmt::format("{}{} {}", levels.empty() ? "" : ", ", grouped(at->second), detect::level_name(at->first));
  if (program_.engine())
    fmt::print("Findings : {}{}\n", grouped(finding_count_), finding_count_ > 0 ? " (" + levels + ")" : std::string());
  else fmt::print("Findings : rules are off\n");
  if (baselines) fmt::print("Anomalies: {}\n", grouped(anomaly_count_));
  if (tracker)
    fmt::print("Stored   : {} new findings, {} new error groups ({} new occurrences)\n", grouped(tracker->new_findings()),
               grouped(tracker->new_error_groups()), grouped(tracker->new_error_occurrences()));
  if (tracker && tracker->outdated() > 0)
    fmt::print(
        "Note     : {} of these are older than {} days; the next run that stores removes\n"
        "           them (findings_retention_days)\n",
        grouped(tracker->outdated()), tracker->retention_days());
  if (totals.windows_forgotten > 0)
    fmt::print("Note     : {} events, or groups of them, were forgotten for want of memory; counts over time may be low\n",
               grouped(totals.windows_forgotten));
  if (totals.interrupted) fmt::print("Note     : interrupted; this is what was read until then\n");
  fmt::print("{}\n", rule);
  if (totals.sources <= 1) return;
  std::vector<std::vector<std::string>> rows{{"SOURCE", "FORMAT", "EVENTS", "UNPARSED", "PII", "FINDINGS"}};
  for (const analysis::SourceReport& source : sources_)
    rows.push_back({printable(source.name), source.format.empty() ? "-" : source.format, grouped(source.counts.records),
                    grouped(source.counts.unparsed), grouped(source.redacted_total()), grouped(source.findings)});
  std::fputs(table(rows, style_.colour).c_str(), stdout);
  if (totals.sources > sources_.size()) fmt::print("… and {} more\n", grouped(totals.sources - sources_.size()));
}

Result<Done> Report::print_text(const analysis::Totals& totals) {
  print_header(totals);
  if (limit_ > 0) {
    fmt::print("\n{}\n", bold(fmt::format("Events ({} of {}):", grouped(shown_), grouped(totals.counts.records)), style_));
    if (auto printed = events_.print(stdout); !printed) return printed;
  }
  if (program_.engine()) {
    fmt::print("\n{}\n", bold(fmt::format("Findings ({}):", grouped(finding_count_)), style_));
    if (auto printed = findings_.print(stdout); !printed) return printed;
    if (!all_) {
      for (const auto& [rule, count] : by_rule_)
        if (count > kFindingsOfRuleShown)
          fmt::print("… and {} more of {} (--all shows them)\n", grouped(count - kFindingsOfRuleShown), printable(rule));
    }
  }
  if (baselines) fmt::print("\n{}\n{}", bold(fmt::format("Anomalies ({}):", grouped(anomaly_count_)), style_), anomalies_);
  return Done{};
}

void Report::append_summary(JsonText& json, const analysis::Totals& totals) const {
  json.begin_object().count("sources", totals.sources).count("failed", totals.failed);
  json.count("events", totals.counts.records).count("bytes", totals.counts.bytes).count("unparsed", totals.counts.unparsed);
  json.count("truncated", totals.counts.truncated).count("damaged", totals.counts.damaged);
  json.count("hole_bytes", totals.counts.hole_bytes).count("unfinished", totals.counts.unfinished);
  json.count("undecodable", totals.counts.undecodable).count("format_changes", totals.counts.format_changes);
  json.count("unnamed_fields", totals.counts.unnamed_fields).count("passed_over", totals.passed_over);
  json.member("mode", redact::mode_name(program_.pipeline().mode)).count("pii_hits", totals.redacted_total()).key("pii");
  append_redacted(json, totals.redacted);
  json.count("findings", finding_count_).key("findings_by_severity").begin_object();
  for (const auto& [level, count] : by_level_) json.count(detect::level_name(level), count);
  json.end_object().key("findings_by_rule").begin_object();
  for (const auto& [rule, count] : by_rule_) json.count(rule, count);
  json.end_object().count("anomalies", anomaly_count_);
  json.count("windows_forgotten", totals.windows_forgotten).key("interrupted").boolean(totals.interrupted);
  json.key("seconds").real(totals.seconds).end_object();
}

Result<Done> Report::print_json(const analysis::Totals& totals) {
  JsonText json;
  if (output_ == Output::ndjson) {
    for (const analysis::SourceReport& source : sources_) {
      json.begin_object().key("source");
      append_source(json, source);
      json.end_object();
      fmt::print("{}\n", json.take());
    }
    json.begin_object().key("summary");
    append_summary(json, totals);
    json.end_object();
    fmt::print("{}\n", json.text());
    return Done{};
  }
  json.begin_object().key("summary");
  append_summary(json, totals);
  json.key("sources").begin_array();
  for (const analysis::SourceReport& source : sources_) append_source(json, source);
  json.end_array();
  fmt::print("{},\"events\":[", json.text());
  if (auto printed = events_.print(stdout); !printed) return printed;
  fmt::print("],\"findings\":[");
  if (auto printed = findings_.print(stdout); !printed) return printed;
  fmt::print("],\"anomalies\":[{}]}}\n", anomalies_);
  return Done{};
}

Result<Done> Report::print(const analysis::Totals& totals) {
  if (passed_over_ > kPassedOverSaid)
    fmt::print(stderr, "logystera scan: {} files were passed over in all, because they are no logs\n", passed_over_);
  auto printed = output_ == Output::text ? print_text(totals) : print_json(totals);
  if (printed && std::fflush(stdout) != 0) return Error{kOutputLost};
  return printed;
}

// --format-only: what each source is taken for, without reading it.
int print_formats(const analysis::Program& program, const std::vector<source::SourceSet>& sets, Output output) {
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
      const parse::Detection& detection = source->detection();
      const std::string_view packed = parse::compression_name(detection.compression);
      if (output == Output::text) {
        fmt::print("Source     : {}\nFormat     : {} ({})\nConfidence : {:.0f} %\n", printable(file), detection.name,
                   detection.title, detection.confidence * 100);
        if (detection.sampled > 0)
          fmt::print("Looked at  : {} lines, {} of them fit\n", detection.sampled, detection.matched);
        if (!packed.empty()) fmt::print("Compression: {}\n", packed);
        continue;
      }
      JsonText json;
      json.begin_object().member("source", file).member("format", detection.name).member("title", detection.title);
      json.key("confidence").real(detection.confidence).count("sampled", detection.sampled);
      json.count("matched", detection.matched).member("compression", packed).end_object();
      fmt::print("{}\n", json.text());
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
  PassedOver passed;
  auto sets = source::find_sources(options.paths,
                                   {.rotated = options.rotated, .follow_links = options.analysis.follow_links}, &passed);
  say_passed_over("scan", passed);
  if (!sets) return fail("scan", sets.error());
  const bool typed = typed_input("scan", options.paths);
  const Output output = options.ndjson ? Output::ndjson : globals.json ? Output::json : Output::text;
  if (options.format_only) return print_formats(program, sets.value(), output);

  auto dismissals = analysis::load_dismissals(analysis.store_url);
  if (!dismissals) return fail("scan", store_failure(dismissals.error()));
  const Style style{program.zone(), output == Output::text && colour_wanted()};
  Report report(program, options, output, style, std::move(dismissals).value(), least.value());
  std::unique_ptr<analysis::Tracker> opened;
  if (options.track_errors || options.detect_anomalies) {
    auto tracker = analysis::Tracker::open(analysis.store_url, tracking_options(analysis));
    if (!tracker) return fail("scan", store_failure(tracker.error()));
    opened = std::move(tracker).value();
  }
  analysis::Tracker* const tracker = opened.get();
  if (options.detect_anomalies) {
    auto baselines = analysis::Baselines::make(opened->store().baselines(), options.anomaly,
                                               [&report](const auto& key, const auto& anomaly, auto stage) {
                                                 if (stage == analysis::Baselines::Stage::over)
                                                   report.show_anomaly(key, anomaly);
                                               });
    if (!baselines) return fail("scan", baselines.error());
    report.baselines = std::move(baselines).value();
  }
  if (options.track_errors) report.tracker = std::move(opened);

  analysis::Progress progress;
  analysis::Totals totals;
  {
    const ProgressLine line(progress, plain_bytes(sets.value()), !options.no_progress && !typed);
    totals = analysis::run(sets.value(), analysis.program, report, progress, interrupted());
  }
  if (report.baselines) report.keep(report.baselines->finish());
  if (tracker) report.keep(tracker->commit());
  report.keep(report.print(totals));
  if (report.problem()) return fail("scan", *report.problem());
  if (totals.failed > 0) return kExitError;
  if (totals.interrupted)
    return fail("scan", Error{"interrupted before the end: what is shown is what was read until then"});
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
      "or --detect-anomalies, and nothing leaves the machine.\n"
      "Exit codes: 0 done, 1 a finding of --fail-on's severity, 2 an error (a source that could not be read to its end).\n"
      "Files below a directory that are no logs (programs, images, journals, wtmp) are passed over and said; one that is "
      "named "
      "is an error.");
  scan->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli
