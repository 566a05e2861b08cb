// A scan's report as JSON lines: events, findings and anomalies as they come, sources and the summary at the end.
#include <cstdio>
#include <utility>

#include "cli/scan_report.hpp"
#include "cli/spool.hpp"

namespace logystera::cli {
namespace {

class NdjsonReport final : public ScanReport {
 public:
  NdjsonReport(const analysis::Program& program, Options options, analysis::Dismissals dismissals)
      : ScanReport(program, std::move(options), std::move(dismissals)) {}

 private:
  void write_events(analysis::Chunk& chunk, std::uint64_t count) const override {
    JsonText json;
    for (std::size_t i = 0; i < count; ++i) {
      json.begin_object().key("event");
      append_event(json, chunk.first_record + i + 1, chunk.batch.records[i], program().labels());
      json.end_object();
      chunk.text += json.take() + "\n";
    }
  }
  void show_events(const std::string& text) override { std::fwrite(text.data(), 1, text.size(), stdout); }
  void show(const analysis::Finding& finding) override {
    print_line("finding", [&](JsonText& json) { append_finding(json, finding); });
  }
  void show(const std::string& key, const detect::Anomaly& anomaly) override {
    print_line("anomaly", [&](JsonText& json) { append_anomaly(json, key, anomaly); });
  }
  void show_source(const analysis::SourceReport& source) override {
    keep(sources_.append(line_of("source", [&](JsonText& json) { append_source(json, source); })));
  }
  Result<Done> print_rest(const analysis::Totals& totals) override {
    if (auto printed = sources_.print(stdout); !printed) return printed;
    if (targets)
      for (const ScannedTarget& target : *targets)
        print_line("target", [&](JsonText& json) { append_target(json, target); });
    for (const store::Episode& episode : digest().incidents)
      print_line("episode", [&](JsonText& json) { append_episode(json, episode); });
    for (const store::Episode& episode : digest().operations)
      print_line("operation", [&](JsonText& json) { append_episode(json, episode); });
    for (const analysis::LoudError& error : loudest_errors(digest()))
      print_line("error", [&](JsonText& json) { append_error(json, error); });
    print_line("summary", [&](JsonText& json) { append_summary(json, counts(), totals, program().pipeline().mode); });
    return Done{};
  }

  template <typename Append>
  static std::string line_of(std::string_view what, const Append& append) {
    JsonText json;
    json.begin_object().key(what);
    append(json);
    json.end_object();
    return json.take() + "\n";
  }
  template <typename Append>
  static void print_line(std::string_view what, const Append& append) {
    std::fputs(line_of(what, append).c_str(), stdout);  // a JSON text holds no NUL
  }

  Spool sources_;
};

}  // namespace

std::unique_ptr<ScanReport> ndjson_report(const analysis::Program& program, ScanReport::Options options,
                                          analysis::Dismissals dismissals) {
  return std::make_unique<NdjsonReport>(program, std::move(options), std::move(dismissals));
}

}  // namespace logystera::cli
