#include "cli/scan_report.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"

namespace logystera::cli {
namespace {

constexpr std::uint64_t kSourcesListed = 1'000;
constexpr std::uint64_t kPassedOverSaid = 20;

}  // namespace

ScanReport::ScanReport(const analysis::Program& program, Options options, analysis::Dismissals dismissals)
    : program_(program),
      options_(std::move(options)),
      dismissals_(std::move(dismissals)),
      digesting_(program.pipeline().patterns) {}

std::unique_ptr<ScanReport> ScanReport::make(ScanOutput output, const analysis::Program& program, Options options,
                                             analysis::Dismissals dismissals) {
  switch (output) {
    case ScanOutput::text: return text_report(program, std::move(options), std::move(dismissals));
    case ScanOutput::json: return json_report(program, std::move(options), std::move(dismissals));
    case ScanOutput::ndjson: break;
  }
  return ndjson_report(program, std::move(options), std::move(dismissals));
}

void ScanReport::prepare(analysis::Chunk& chunk) {
  const auto hidden = [&](const analysis::Finding& finding) { return dismissals_.hides(finding.rule, finding.source); };
  std::erase_if(chunk.findings, [&](const analysis::Finding& finding) {
    return (options_.least && finding.level < *options_.least) || hidden(finding);
  });
  std::erase_if(chunk.further, hidden);
  std::stable_sort(chunk.further.begin(), chunk.further.end(),
                   [](const analysis::Finding& a, const analysis::Finding& b) { return a.at < b.at; });
  if (chunk.first_record < limit())
    write_events(chunk, std::min<std::uint64_t>(chunk.batch.size(), limit() - chunk.first_record));
}

void ScanReport::take(analysis::Chunk& chunk) {
  if (chunk.first_record < limit())
    counts_.shown += std::min<std::uint64_t>(chunk.batch.size(), limit() - chunk.first_record);
  show_events(chunk.text);
  // In the order of the log: what is counted after a finding is its, and its episode goes on with it.
  auto finding = chunk.findings.begin(), further = chunk.further.begin();
  const auto take_to = [&](std::size_t record) {
    for (; finding != chunk.findings.end() && finding->at <= record; ++finding) {
      for (; further != chunk.further.end() && further->at < finding->at; ++further) digesting_.add_further(*further);
      take(*finding);
    }
    for (; further != chunk.further.end() && further->at <= record; ++further) digesting_.add_further(*further);
  };
  for (std::size_t i = 0; i < chunk.batch.records.size(); ++i) {
    const Record& record = chunk.batch.records[i];
    take_to(i);
    if (tracker) keep(tracker->add(record));
    digesting_.add(record, tracker && tracker->was_known());
  }
  take_to(SIZE_MAX);
  if (for_the_model)
    for (std::size_t i = 0; i < chunk.batch.records.size() && !for_the_model->has_sample(); ++i)
      for_the_model->add(chunk.batch.records[i], chunk.first_record + i + 1);
  if (baselines) keep(baselines->add(chunk.set, chunk.batch));
}

void ScanReport::take(const analysis::Finding& finding) {
  ++counts_.by_level[finding.level];
  ++counts_.by_rule[finding.rule];
  ++counts_.findings;
  show(finding);
  digesting_.add(finding);
  if (tracker) keep(tracker->add(finding));
  if (for_the_model) for_the_model->add(finding);
}

void ScanReport::finished(const analysis::SourceReport& source) {
  if (source.passed_over) {
    if (++counts_.passed_over <= kPassedOverSaid) say_no_log(options_.command, source.name, *source.problem);
    return;
  }
  if (counts_.sources.size() < kSourcesListed) counts_.sources.push_back(source);
  show_source(source);
  ++counts_.formats[source.format];
  if (source.problem) fmt::print(stderr, "logystera {}: {}\n", options_.command, printable(source.problem->message));
}

void ScanReport::notice(const std::string& text) {
  fmt::print(stderr, "logystera {}: {}\n", options_.command, printable(text));
}

void ScanReport::add(const std::string& key, const detect::Anomaly& anomaly) {
  ++counts_.anomalies;
  show(key, anomaly);
}

void ScanReport::keep(const Result<Done>& result) {
  if (!result && !problem_) problem_ = result.error();
}

bool ScanReport::found(detect::Level least) const {
  return std::any_of(counts_.by_level.begin(), counts_.by_level.end(),
                     [&](const auto& entry) { return entry.first >= least && entry.second > 0; });
}

void ScanReport::end() {
  digest_ = digesting_.take(tracker && tracker->had_errors());
  std::erase_if(digest_.incidents, [&](const store::Episode& episode) {
    return episode.rule == store::kGuessedRule &&
           (program_.engine() == nullptr || dismissals_.hides(episode.rule, episode.source));
  });
  if (!tracker) return;
  for (const auto* episodes : {&digest_.incidents, &digest_.operations})
    for (const store::Episode& episode : *episodes) tracker->add(episode);
  keep(tracker->commit());
}

Result<Done> ScanReport::print(const analysis::Totals& totals) {
  if (counts_.passed_over > kPassedOverSaid)
    fmt::print(stderr, "logystera {}: {} were passed over in all, because they are no logs\n", options_.command,
               counts_.passed_over);
  auto printed = print_rest(totals);
  if (printed && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)) return Error{kOutputLost};
  return printed;
}

std::span<const analysis::LoudError> loudest_errors(const analysis::Digest& digest) {
  return std::span(digest.errors).first(std::min(digest.errors.size(), kErrorsListed));
}

void append_error(JsonText& json, const analysis::LoudError& error) {
  json.begin_object().member("pattern", error.pattern).member("severity", severity_name(error.severity));
  json.count("count", error.count).key("new_since");
  if (error.new_since_ns) json.string(rfc3339(*error.new_since_ns));
  else json.null();
  json.member("message", error.message).member("source", error.source).count("line", error.line).end_object();
}

std::string_view state_name(ScannedTarget::State state) noexcept {
  switch (state) {
    case ScannedTarget::State::not_begun: return "not begun";
    case ScannedTarget::State::read: return "read";
    case ScannedTarget::State::failed: return "failed";
    case ScannedTarget::State::interrupted: return "interrupted";
  }
  return {};
}

void append_target(JsonText& json, const ScannedTarget& target) {
  json.begin_object().member("name", target.name).member("type", target.type).key("groups").begin_array();
  for (const std::string& group : target.groups) json.string(group);
  json.end_array().member("state", state_name(target.state)).member("error", target.why);
  json.count("events", target.events).count("findings", target.findings).key("seconds").real(target.seconds).end_object();
}

void print_detection(ScanOutput output, const std::string& file, const parse::Detection& detection) {
  if (output == ScanOutput::text) print_detection_text(file, detection);
  else print_detection_json(file, detection);
}

void say_no_log(const std::string& command, const std::string& file, const Error& why) {
  std::string_view what = why.message;
  if (what.starts_with(file + ": ")) what.remove_prefix(file.size() + 2);
  fmt::print(stderr, "logystera {}: {}: passed over: {}\n", command, printable(file), printable(what));
}

}  // namespace logystera::cli
