#include "analysis/upload.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <tuple>
#include <utility>

#include "source/memory_source.hpp"
#include "store/text.hpp"

namespace logystera::analysis {
namespace {

using Clock = std::chrono::steady_clock;

// A log of ten million bytes has at most a few addresses in a window; the gateway beside it has other uses for the memory.
constexpr std::size_t kWindowCells = 100'000;

class Looker final : public Watcher {
 public:
  Looker(UploadReport& report, const UploadLimits& limits, const std::stop_token& stop)
      : report_(report), limits_(limits), stop_(stop), until_(Clock::now() + limits.time) {}

  /// What ends the run at its next batch.
  const std::atomic<bool>& stop() const noexcept { return ended_; }

  void take(Chunk& chunk) override {
    for (const Record& record : chunk.batch.records) {
      if (report_.sample.size() == limits_.sample) break;
      sample(record);
    }
    for (Finding& finding : chunk.findings) count(std::move(finding));
    if (stop_.stop_requested()) end(UploadEnd::stopped);
    else if (Clock::now() >= until_) end(UploadEnd::time);
  }
  void finished(const SourceReport& log) override {
    report_.log = log;
    if (log.problem && report_.end == UploadEnd::whole) report_.end = UploadEnd::problem;
  }

  /// The lists in the order in which they are shown.
  void finish() {
    std::sort(report_.rules.begin(), report_.rules.end(), [](const auto& a, const auto& b) {
      return std::tuple(b.level, b.findings, std::string_view(a.id)) <
             std::tuple(a.level, a.findings, std::string_view(b.id));
    });
    for (std::size_t level = kLevels; level-- > 0;) {
      for (Finding& finding : listed_[level]) {
        if (report_.findings.size() == limits_.findings) return;
        report_.findings.push_back(std::move(finding));
      }
    }
  }

 private:
  void end(UploadEnd why) {
    if (!ended_.exchange(true)) report_.end = why;
  }

  void sample(const Record& record) {
    const std::string_view message = record.message.empty() ? record.raw : record.message;
    UploadedEvent event;
    event.line = record.line;
    event.time_known = record.time_known;
    event.time_ns = record.time_ns;
    event.severity = record.severity;
    event.message = store::storable(message);
    event.cut = record.truncated || message.size() > store::kStoredMessageBytes;
    report_.sample.push_back(std::move(event));
  }

  void count(Finding finding) {
    const auto level = static_cast<std::size_t>(finding.level);
    ++report_.by_level[level];
    if (const auto known = rules_.find(finding.rule); known != rules_.end()) {
      ++report_.rules[known->second].findings;
    } else if (report_.rules.size() < limits_.rules) {
      rules_.emplace(finding.rule, report_.rules.size());
      report_.rules.push_back({finding.rule, finding.title, finding.level, 1});
    }
    if (listed_[level].size() == limits_.findings) return;
    finding.message = store::storable(finding.message);
    listed_[level].push_back(std::move(finding));
  }

  UploadReport& report_;
  const UploadLimits& limits_;
  const std::stop_token& stop_;
  const Clock::time_point until_;
  std::atomic<bool> ended_{false};
  std::map<std::string, std::size_t, std::less<>> rules_;  // id → place in the report
  std::array<std::vector<Finding>, kLevels> listed_;       // the first of each level
};

}  // namespace

std::uint64_t UploadReport::findings_total() const noexcept {
  return std::accumulate(by_level.begin(), by_level.end(), std::uint64_t{0});
}

UploadReport look_at_upload(std::string_view bytes, std::string name, const Program& program, redact::Mode mode,
                            const std::stop_token& stop, const UploadLimits& limits) {
  UploadReport report;
  report.mode = mode;
  FieldNames names(FieldNames::Over{program.names()});
  PipelineOptions options = program.pipeline();
  options.mode = mode;
  options.threads = 1;
  options.window_cells = kWindowCells;
  options.source.input.unpacked_bytes = limits.unpacked_bytes;
  auto log = std::make_unique<source::MemorySource>(bytes, std::move(name), program.formats(), names, options.source);
  const NextSource next = [&]() -> std::unique_ptr<source::RecordSource> { return std::move(log); };
  Looker looker(report, limits, stop);
  Progress progress;
  const Totals totals = run(next, names, program.engine(), options, looker, progress, looker.stop());
  looker.finish();
  report.seconds = totals.seconds;
  return report;
}

}  // namespace logystera::analysis
