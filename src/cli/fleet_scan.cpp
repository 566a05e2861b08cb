// `logystera fleet scan`: every target once, several at a time, into one report.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/fleet.hpp"
#include "cli/fleet_sources.hpp"
#include "cli/interrupt.hpp"

namespace logystera::cli {
namespace {

constexpr auto kLook = std::chrono::milliseconds(50);

// Takes from many runs what one report takes from one.
class Shared final : public analysis::Watcher {
 public:
  Shared(analysis::Watcher& report, std::mutex& mutex, std::string name)
      : report_(report), mutex_(mutex), name_(std::move(name)) {}

  void prepare(analysis::Chunk& chunk) override { report_.prepare(chunk); }
  bool wants_further() const override { return report_.wants_further(); }
  void take(analysis::Chunk& chunk) override {
    // Of windows that no record made fire the source is the part.
    for (analysis::Finding& finding : chunk.findings) add_prefix(finding.source);
    for (analysis::Finding& finding : chunk.further) add_prefix(finding.source);
    const std::lock_guard lock(mutex_);
    findings += chunk.findings.size();
    report_.take(chunk);
  }
  void finished(const analysis::SourceReport& report) override {
    analysis::SourceReport named = report;
    add_prefix(named.name);
    const std::lock_guard lock(mutex_);
    if (report.problem && !report.passed_over && !problem) problem = report.problem;
    report_.finished(named);
  }
  void notice(const std::string& text) override {
    const std::lock_guard lock(mutex_);
    report_.notice(name_ + ": " + text);
  }

  std::uint64_t findings = 0;    // that are shown
  std::optional<Error> problem;  // the first

 private:
  void add_prefix(std::string& source) const {
    const std::string prefix = fleet::source_prefix(name_);
    if (!source.starts_with(prefix)) source.insert(0, prefix);
  }

  analysis::Watcher& report_;
  std::mutex& mutex_;
  const std::string name_;  // of the target
};

// One target's turn.
struct Turn {
  std::atomic<bool> stop{false};
  std::atomic<bool> begun{false}, over{false}, late{false};
  std::chrono::steady_clock::time_point since;  // valid once it has begun
};

void add(analysis::Totals& sum, const analysis::Totals& more) {
  sum.sources += more.sources;
  sum.failed += more.failed;
  sum.passed_over += more.passed_over;
  analysis::add(sum.counts, more.counts);
  for (std::size_t kind = 0; kind < sum.redacted.size(); ++kind) sum.redacted[kind] += more.redacted[kind];
  sum.findings += more.findings;
  sum.left_out += more.left_out;
  sum.windows_forgotten += more.windows_forgotten;
}

class FleetScan {
 public:
  FleetScan(std::vector<fleet::Target> targets, const Analysis& analysis, const FleetScanOptions& options,
            std::vector<ScannedTarget>& results)
      : targets_(std::move(targets)), analysis_(analysis), options_(options), results_(results), turns_(targets_.size()) {
    for (const fleet::Target& target : targets_) {
      ScannedTarget& result = results_.emplace_back();
      result.name = target.name;
      result.type = fleet::type_name(target.type);
      result.groups = target.groups;
    }
  }

  analysis::Totals run(analysis::Watcher& report, analysis::Progress& progress);

 private:
  void work(analysis::Watcher& report, analysis::Progress& progress);
  analysis::Totals scan(std::size_t at, Shared& watcher, analysis::Progress& progress);

  const std::vector<fleet::Target> targets_;
  const Analysis& analysis_;
  const FleetScanOptions& options_;
  std::vector<ScannedTarget>& results_;
  std::vector<Turn> turns_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  analysis::Totals totals_;  // with the mutex
};

analysis::Totals FleetScan::scan(std::size_t at, Shared& watcher, analysis::Progress& progress) {
  Turn& turn = turns_[at];
  const auto failed = [&](const Error& error) {
    analysis::SourceReport report;
    report.name = fleet::source_prefix(targets_[at].name);
    report.problem = error;
    watcher.finished(report);
    analysis::Totals totals;
    totals.sources = totals.failed = 1;
    return totals;
  };
  auto resolved = fleet::resolve(targets_[at], fleet::environment);
  if (!resolved) return failed(resolved.error());
  auto next = fleet_scan(resolved.value(), analysis_, options_.analysis.follow_links, turn.stop);
  if (!next) return failed(Error{targets_[at].name + ": " + next.error().message, next.error().kind});
  const analysis::Program& program = *analysis_.program;
  analysis::PipelineOptions pipeline = program.pipeline();
  pipeline.threads = 1;  // targets are read beside one another
  return analysis::run(next.value(), program.names(), program.engine(), pipeline, watcher, progress, turn.stop);
}

void FleetScan::work(analysis::Watcher& report, analysis::Progress& progress) {
  for (std::size_t at = 0; (at = next_.fetch_add(1)) < targets_.size();) {
    Turn& turn = turns_[at];
    ScannedTarget& result = results_[at];
    if (interrupted().load()) {
      turn.over = true;
      continue;  // its state says that it was not begun
    }
    turn.since = std::chrono::steady_clock::now();
    turn.begun = true;
    Shared watcher(report, mutex_, targets_[at].name);
    analysis::Totals totals;
    try {
      totals = scan(at, watcher, progress);
    } catch (const std::exception& error) {  // no memory, no thread: this target's misfortune
      watcher.problem = Error{error.what()};
      totals.sources = totals.failed = 1;
    }
    const std::lock_guard lock(mutex_);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - turn.since).count();
    result.events = totals.counts.records;
    result.findings = watcher.findings;
    result.state = ScannedTarget::State::read;
    if (watcher.problem) {
      result.state = ScannedTarget::State::failed;
      result.why = watcher.problem->message;
    } else if (turn.late && totals.interrupted) {
      result.state = ScannedTarget::State::failed;
      result.why = fmt::format("not through after {:g} s (--timeout)", options_.timeout_seconds);
      ++totals.failed;
    } else if (totals.interrupted) {
      result.state = ScannedTarget::State::interrupted;
    }
    add(totals_, totals);
    turn.over = true;
  }
}

analysis::Totals FleetScan::run(analysis::Watcher& report, analysis::Progress& progress) {
  const auto began = std::chrono::steady_clock::now();
  const auto timeout = std::chrono::duration<double>(options_.timeout_seconds);
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < std::min<std::size_t>(options_.jobs, targets_.size()); ++i) try {
      workers.emplace_back([&] { work(report, progress); });
    } catch (const std::system_error&) {
      break;  // those there are do all of it
    }
  if (workers.empty()) {
    for (ScannedTarget& result : results_) {
      result.state = ScannedTarget::State::failed;
      result.why = "no thread can be started";
    }
    totals_.sources = totals_.failed = results_.size();
    return totals_;
  }
  // A target that is silent for ever, or the user's signal, ends by its flag.
  for (bool all_over = false; !all_over;) {
    all_over = true;
    for (Turn& turn : turns_) {
      if (turn.over) continue;
      all_over = false;
      if (!turn.begun) continue;
      if (interrupted().load()) turn.stop = true;
      if (std::chrono::steady_clock::now() - turn.since < timeout || turn.stop) continue;
      turn.late = true;
      turn.stop = true;
    }
    if (!all_over) std::this_thread::sleep_for(kLook);
  }
  for (std::thread& worker : workers) worker.join();
  totals_.interrupted = std::any_of(results_.begin(), results_.end(), [](const ScannedTarget& one) {
    return one.state == ScannedTarget::State::interrupted || one.state == ScannedTarget::State::not_begun;
  });
  totals_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return totals_;
}

}  // namespace

int run_fleet_scan(const Globals& globals, const FleetScanOptions& options) {
  return run_scan("fleet scan", globals, options, [&](const Analysis& analysis) -> Result<Scanned> {
    auto targets = chosen_targets("fleet scan", globals, options.selection);
    if (!targets) return targets.error();
    Scanned scanned;
    auto results = std::make_shared<std::vector<ScannedTarget>>();
    scanned.targets = results;
    scanned.some_suffice = !options.strict;
    scanned.run = [targets = std::move(targets).value(), results, &analysis, &options](analysis::Watcher& report,
                                                                                       analysis::Progress& progress) {
      return FleetScan(targets, analysis, options, *results).run(report, progress);
    };
    return scanned;
  });
}

}  // namespace logystera::cli
