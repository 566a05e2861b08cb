// A scan's report as text for people.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "cli/answer_text.hpp"
#include "cli/scan_report.hpp"
#include "cli/spool.hpp"
#include "cli/terminal.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kFindingsShown = 20;       // in all, unless every one is asked for
constexpr std::size_t kFindingsOfRuleShown = 5;  // the newest, where there are more
constexpr int kEventDigitsMost = 12;
constexpr int kEventDigitsOfAll = 6;

/// The newest findings of each rule, as many as may be shown.
class Newest {
 public:
  void add(const analysis::Finding& finding) {
    std::vector<Place>& places = rules_[finding.rule];
    ++number_;
    if (places.size() < kFindingsShown) {
      places.push_back({finding, number_});
      return;
    }
    const auto oldest = std::min_element(places.begin(), places.end(), is_before);
    if (oldest->finding.time_known && finding.time_known && finding.time_ns < oldest->finding.time_ns) return;
    oldest->finding = finding;
    oldest->number = number_;
  }

  /// All of them in the order of the log where there are no more than kFindingsShown; else the most severe rules, of each its newest.
  std::vector<const analysis::Finding*> shown() const {
    std::vector<std::vector<const Place*>> rules;
    for (const auto& [rule, places] : rules_) {
      std::vector<const Place*>& all = rules.emplace_back();
      for (const Place& place : places) all.push_back(&place);
      std::sort(all.begin(), all.end(), [](const Place* a, const Place* b) { return is_before(*a, *b); });
    }
    std::stable_sort(rules.begin(), rules.end(),
                     [](const auto& a, const auto& b) { return a.back()->finding.level > b.back()->finding.level; });
    std::vector<const Place*> chosen;
    for (const std::vector<const Place*>& all : rules) {
      const std::size_t most = number_ <= kFindingsShown ? all.size() : std::min(all.size(), kFindingsOfRuleShown);
      for (std::size_t i = all.size() - most; i < all.size() && chosen.size() < kFindingsShown; ++i)
        chosen.push_back(all[i]);
    }
    if (number_ <= kFindingsShown)
      std::sort(chosen.begin(), chosen.end(), [](const Place* a, const Place* b) { return a->number < b->number; });
    std::vector<const analysis::Finding*> findings;
    findings.reserve(chosen.size());
    for (const Place* place : chosen) findings.push_back(&place->finding);
    return findings;
  }

 private:
  struct Place {
    analysis::Finding finding;
    std::uint64_t number;  // in the order they came
  };
  static bool is_before(const Place& a, const Place& b) {
    if (a.finding.time_known && b.finding.time_known && a.finding.time_ns != b.finding.time_ns)
      return a.finding.time_ns < b.finding.time_ns;
    return a.number < b.number;
  }

  std::map<std::string, std::vector<Place>, std::less<>> rules_;
  std::uint64_t number_ = 0;
};

class TextReport final : public ScanReport {
 public:
  TextReport(const analysis::Program& program, Options options, analysis::Dismissals dismissals)
      : ScanReport(program, std::move(options), std::move(dismissals)),
        digits_(all() ? kEventDigitsOfAll
                      : std::clamp(static_cast<int>(std::to_string(limit()).size()), 1, kEventDigitsMost)) {}

 private:
  void write_events(analysis::Chunk& chunk, std::uint64_t count) const override {
    for (std::size_t i = 0; i < count; ++i)
      append_event(chunk.text, chunk.first_record + i + 1, digits_, chunk.batch.records[i], style());
  }
  void show_events(const std::string& text) override { keep(events_.append(text)); }
  void show(const analysis::Finding& finding) override {
    if (all_findings()) keep(findings_.append(finding_line(finding, style(), true)));
    else if (!summary()) newest_.add(finding);
  }
  void show(const std::string& key, const detect::Anomaly& anomaly) override {
    anomalies_ += anomaly_line(key, anomaly, style());
  }
  void print_header(const analysis::Totals& totals) const;
  Result<Done> print_findings();
  void print_answer(const analysis::Totals& totals) const;
  void print_targets() const;
  Result<Done> print_rest(const analysis::Totals& totals) override;

  const int digits_;
  Spool events_, findings_;
  Newest newest_;
  std::string anomalies_;
};

void TextReport::print_targets() const {
  std::vector<std::vector<std::string>> rows{{"TARGET", "TYPE", "EVENTS", "FINDINGS", "STATE"}};
  for (const ScannedTarget& target : *targets)
    rows.push_back({target.name, target.type, grouped(target.events), grouped(target.findings),
                    std::string(state_name(target.state)) + (target.why.empty() ? "" : ": " + printable(target.why))});
  std::fputs(table(rows, style().colour).c_str(), stdout);
}

void TextReport::print_header(const analysis::Totals& totals) const {
  const std::string rule(60, '-');
  fmt::print("{}\n", rule);
  if (totals.sources == 1 && !counts().sources.empty()) {
    const analysis::SourceReport& source = counts().sources.front();
    fmt::print("Source   : {}\n", printable(source.name));
    fmt::print("Format   : {}{}{}\n", source.format.empty() ? "-" : source.format,
               source.compression.empty() ? "" : " (" + source.compression + ")",
               source.encoding.empty() ? "" : " in " + source.encoding);
    for (const parse::FormatChange& change : source.changes)
      fmt::print("           {} from line {} on\n", change.format->name, grouped(change.line));
  } else {
    std::string formats;
    for (const auto& [name, count] : counts().formats)
      formats += fmt::format("{}{} ({})", formats.empty() ? "" : ", ", name.empty() ? "unreadable" : name, count);
    fmt::print("Sources  : {}{}\n", grouped(totals.sources),
               totals.failed > 0 ? fmt::format(" ({} not read to the end)", grouped(totals.failed)) : "");
    fmt::print("Formats  : {}\n", formats);
  }
  const parse::SourceCounts& read = totals.counts;
  fmt::print("Events   : {}\n", grouped(read.records));
  if (program().pipeline().filter) fmt::print("Selected : {}\n", grouped(read.records - totals.left_out));
  if (read.unparsed > 0) fmt::print("Unparsed : {} (kept as plain text)\n", grouped(read.unparsed));
  if (read.truncated > 0) fmt::print("Cut      : {} lines were too long and kept in part\n", grouped(read.truncated));
  if (read.hole_bytes > 0) fmt::print("Holes    : {} NUL bytes in front of lines\n", grouped(read.hole_bytes));
  if (read.unfinished > 0) fmt::print("In part  : {} records whose last part is missing\n", grouped(read.unfinished));
  if (read.undecodable > 0) fmt::print("Encoding : {} characters could not be decoded\n", grouped(read.undecodable));
  if (read.unnamed_fields > 0)
    fmt::print("Fields   : {} left out: too many different names, or names too long\n", grouped(read.unnamed_fields));
  if (read.damaged > 0) fmt::print("Damaged  : {} parts could not be read\n", grouped(read.damaged));
  fmt::print("PII hits : {} (mode: {})\n", grouped(totals.redacted_total()), redact::mode_name(program().pipeline().mode));
  std::string levels;
  std::for_each(counts().by_level.rbegin(), counts().by_level.rend(), [&](const auto& level) {
    levels += fmt::format("{}{} {}", levels.empty() ? "" : ", ", grouped(level.second), detect::level_name(level.first));
  });
  if (program().engine())
    fmt::print("Findings : {}{}\n", grouped(counts().findings),
               counts().findings > 0 ? " (" + levels + ")" : std::string());
  else fmt::print("Findings : rules are off\n");
  if (baselines) fmt::print("Anomalies: {}\n", grouped(counts().anomalies));
  if (tracker)
    fmt::print("Stored   : {} new findings, {} new error groups ({} new occurrences)\n", grouped(tracker->new_findings()),
               grouped(tracker->new_error_groups()), grouped(tracker->new_error_occurrences()));
  if (tracker && tracker->outdated() > 0)
    fmt::print(
        "Note     : {} of these errors are older than {} days; the next run that stores removes\n"
        "           them (findings_retention_days)\n",
        grouped(tracker->outdated()), tracker->retention_days());
  if (totals.windows_forgotten > 0)
    fmt::print("Note     : {} events, or groups of them, were forgotten for want of memory; counts over time may be low\n",
               grouped(totals.windows_forgotten));
  if (totals.interrupted) fmt::print("Note     : interrupted; this is what was read until then\n");
  fmt::print("{}\n", rule);
  if (targets) {
    print_targets();
    return;
  }
  if (totals.sources <= 1) return;
  std::vector<std::vector<std::string>> rows{{"SOURCE", "FORMAT", "EVENTS", "UNPARSED", "PII", "FINDINGS"}};
  for (const analysis::SourceReport& source : counts().sources)
    rows.push_back({printable(source.name), source.format.empty() ? "-" : source.format, grouped(source.counts.records),
                    grouped(source.counts.unparsed), grouped(source.redacted_total()), grouped(source.findings)});
  std::fputs(table(rows, style().colour).c_str(), stdout);
  if (totals.sources > counts().sources.size())
    fmt::print("… and {} more (--ndjson lists all of them)\n", grouped(totals.sources - counts().sources.size()));
}

Result<Done> TextReport::print_findings() {
  fmt::print("\n{}\n", bold(fmt::format("Findings ({}):", grouped(counts().findings)), style()));
  if (all_findings()) return findings_.print(stdout);
  const std::vector<const analysis::Finding*> shown = newest_.shown();
  for (const analysis::Finding* finding : shown) std::fputs(finding_line(*finding, style(), true).c_str(), stdout);
  if (counts().findings > shown.size())
    fmt::print("… and {} more (--findings lists all of them)\n", grouped(counts().findings - shown.size()));
  return Done{};
}

void TextReport::print_answer(const analysis::Totals& totals) const {
  AnswerFacts facts;
  facts.sources = totals.sources;
  facts.failed = totals.failed;
  facts.events = totals.counts.records;
  if (program().pipeline().filter) facts.selected = totals.counts.records - totals.left_out;
  for (const analysis::SourceReport& source : counts().sources) facts.names.push_back(source.name);
  if (totals.sources == 1 && counts().sources.size() == 1) {
    facts.source = counts().sources.front().name;
    facts.format = counts().sources.front().format;
  }
  facts.rules = program().engine() != nullptr;
  facts.interrupted = totals.interrupted;
  facts.findings = counts().findings;
  facts.mode = program().pipeline().mode;
  const auto say = [&](std::uint64_t count, std::string_view one, std::string_view many, std::string_view how) {
    if (count > 0) facts.not_understood.push_back(fmt::format("{} {}{}", grouped(count), count == 1 ? one : many, how));
  };
  const parse::SourceCounts& read = totals.counts;
  say(read.unparsed, "line", "lines", " kept as plain text");
  say(totals.passed_over, "file that is no log", "files that are no logs", "");
  say(read.truncated, "line", "lines", " cut");
  say(read.damaged, "part", "parts", " damaged");
  say(read.unfinished, "record without its last part", "records without their last part", "");
  say(read.undecodable, "character", "characters", " not decoded");
  say(read.unnamed_fields, "field", "fields", " left out");
  if (totals.windows_forgotten > 0)
    facts.notes.emplace_back("Counts over time may be low: memory did not suffice for all of them.");
  if (summary() && baselines) facts.notes.push_back(fmt::format("Anomalies: {}", grouped(counts().anomalies)));
  if (summary() && tracker)
    facts.notes.push_back(fmt::format("Stored: {} new findings, {} new error groups", grouped(tracker->new_findings()),
                                      grouped(tracker->new_error_groups())));
  std::fputs(answer_text(digest(), facts, style(), terminal_columns(kAnswerColumns)).c_str(), stdout);
}

Result<Done> TextReport::print_rest(const analysis::Totals& totals) {
  if (summary()) {
    if (targets) print_targets();
    print_answer(totals);
    return Done{};
  }
  print_header(totals);
  if (limit() > 0) {
    fmt::print("\n{}\n", bold(fmt::format("Events ({} of {}):", grouped(counts().shown),
                                          grouped(totals.counts.records - totals.left_out)),
                              style()));
    if (auto printed = events_.print(stdout); !printed) return printed;
  }
  if (program().engine())
    if (auto printed = print_findings(); !printed) return printed;
  if (baselines)
    fmt::print("\n{}\n{}", bold(fmt::format("Anomalies ({}):", grouped(counts().anomalies)), style()), anomalies_);
  std::fputs("\n", stdout);
  print_answer(totals);
  return Done{};
}

}  // namespace

std::unique_ptr<ScanReport> text_report(const analysis::Program& program, ScanReport::Options options,
                                        analysis::Dismissals dismissals) {
  return std::make_unique<TextReport>(program, std::move(options), std::move(dismissals));
}

void print_detection_text(const std::string& file, const parse::Detection& detection) {
  fmt::print("Source     : {}\nFormat     : {} ({})\nConfidence : {:.0f} %\n", printable(file), detection.name,
             detection.title, detection.confidence * 100);
  if (detection.sampled > 0) fmt::print("Looked at  : {} lines, {} of them fit\n", detection.sampled, detection.matched);
  if (const std::string_view packed = parse::compression_name(detection.compression); !packed.empty())
    fmt::print("Compression: {}\n", packed);
}

}  // namespace logystera::cli
