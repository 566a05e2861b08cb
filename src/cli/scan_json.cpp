// A scan's report as one JSON document.
#include <fmt/core.h>

#include <cstdio>
#include <utility>

#include "cli/scan_report.hpp"
#include "cli/spool.hpp"

namespace logystera::cli {
namespace {

constexpr std::uint64_t kFindingsListed = 100'000;  // --ndjson has no limit

class JsonReport final : public ScanReport {
 public:
  JsonReport(const analysis::Program& program, Options options, analysis::Dismissals dismissals)
      : ScanReport(program, std::move(options), std::move(dismissals)) {}

 private:
  void write_events(analysis::Chunk& chunk, std::uint64_t count) const override {
    JsonText json;
    for (std::size_t i = 0; i < count; ++i) {
      append_event(json, chunk.first_record + i + 1, chunk.batch.records[i], program().labels());
      chunk.text += "," + json.take();
    }
  }
  void show_events(const std::string& text) override {
    if (text.empty()) return;
    keep(events_.append(std::string_view(text).substr(events_begun_ ? 0 : 1)));  // no comma before the first
    events_begun_ = true;
  }
  void show(const analysis::Finding& finding) override {
    if (listed_ == kFindingsListed) return;
    JsonText json;
    append_finding(json, finding);
    keep(findings_.append((listed_++ > 0 ? "," : "") + json.text()));
  }
  void show(const std::string& key, const detect::Anomaly& anomaly) override {
    JsonText json;
    append_anomaly(json, key, anomaly);
    anomalies_ += (anomalies_.empty() ? "" : ",") + json.take();
  }
  void show_source(const analysis::SourceReport& source) override {
    JsonText json;
    append_source(json, source);
    keep(sources_.append((std::exchange(sources_begun_, true) ? "," : "") + json.take()));
  }
  Result<Done> print_rest(const analysis::Totals& totals) override {
    JsonText json;
    json.begin_object().key("summary");
    append_summary(json, counts(), totals, program().pipeline().mode);
    fmt::print("{},\"sources\":[", json.text());
    if (auto printed = sources_.print(stdout); !printed) return printed;
    if (targets) {
      fmt::print("],\"targets\":[");
      print_list(*targets, [](JsonText& text, const ScannedTarget& target) { append_target(text, target); });
    }
    fmt::print("],\"events\":[");
    if (auto printed = events_.print(stdout); !printed) return printed;
    fmt::print("],\"findings\":[");
    if (auto printed = findings_.print(stdout); !printed) return printed;
    fmt::print("],\"anomalies\":[{}],\"episodes\":[", anomalies_);
    print_list(digest().incidents, [](JsonText& text, const store::Episode& one) { append_episode(text, one); });
    std::fputs("],\"operations\":[", stdout);
    print_list(digest().operations, [](JsonText& text, const store::Episode& one) { append_episode(text, one); });
    std::fputs("],\"errors\":[", stdout);
    print_list(loudest_errors(digest()), [](JsonText& text, const analysis::LoudError& one) { append_error(text, one); });
    std::fputs("]}\n", stdout);
    return Done{};
  }

  template <typename List, typename Append>
  static void print_list(const List& list, const Append& append) {
    bool follows = false;
    for (const auto& one : list) {
      JsonText text;
      append(text, one);
      std::fputs(((follows ? "," : "") + text.take()).c_str(), stdout);  // a JSON text holds no NUL
      follows = true;
    }
  }

  bool events_begun_ = false, sources_begun_ = false;
  std::uint64_t listed_ = 0;
  Spool sources_, events_, findings_;
  std::string anomalies_;
};

}  // namespace

std::unique_ptr<ScanReport> json_report(const analysis::Program& program, ScanReport::Options options,
                                        analysis::Dismissals dismissals) {
  return std::make_unique<JsonReport>(program, std::move(options), std::move(dismissals));
}

void append_summary(JsonText& json, const ScanCounts& counts, const analysis::Totals& totals, redact::Mode mode) {
  json.begin_object().count("sources", totals.sources).count("failed", totals.failed);
  json.count("events", totals.counts.records)
      .count("left_out", totals.left_out)
      .count("bytes", totals.counts.bytes)
      .count("unparsed", totals.counts.unparsed);
  json.count("truncated", totals.counts.truncated).count("damaged", totals.counts.damaged);
  json.count("hole_bytes", totals.counts.hole_bytes).count("unfinished", totals.counts.unfinished);
  json.count("undecodable", totals.counts.undecodable).count("format_changes", totals.counts.format_changes);
  json.count("unnamed_fields", totals.counts.unnamed_fields).count("passed_over", totals.passed_over);
  json.member("mode", redact::mode_name(mode)).count("pii_hits", totals.redacted_total()).key("pii");
  append_redacted(json, totals.redacted);
  json.count("findings", counts.findings).key("findings_by_severity").begin_object();
  for (const auto& [level, count] : counts.by_level) json.count(detect::level_name(level), count);
  json.end_object().key("findings_by_rule").begin_object();
  for (const auto& [rule, count] : counts.by_rule) json.count(rule, count);
  json.end_object().count("anomalies", counts.anomalies);
  json.count("windows_forgotten", totals.windows_forgotten).key("interrupted").boolean(totals.interrupted);
  json.key("seconds").real(totals.seconds).end_object();
}

void print_detection_json(const std::string& file, const parse::Detection& detection) {
  JsonText json;
  json.begin_object().member("source", file).member("format", detection.name).member("title", detection.title);
  json.key("confidence").real(detection.confidence).count("sampled", detection.sampled);
  json.count("matched", detection.matched);
  json.member("compression", parse::compression_name(detection.compression)).end_object();
  fmt::print("{}\n", json.text());
}

}  // namespace logystera::cli
