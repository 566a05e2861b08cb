// What a scan says, in one of three outputs: text for people, one JSON document, or JSON lines as they come. What they share, which
// findings count and how many there are, stands here; how it is written stands in a file an output.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/baselines.hpp"
#include "analysis/digest.hpp"
#include "analysis/program.hpp"
#include "analysis/tracking.hpp"
#include "cli/assistant.hpp"
#include "cli/render.hpp"
#include "core/json_text.hpp"
#include "core/result.hpp"
#include "detect/anomaly.hpp"

namespace logystera::cli {

enum class ScanOutput { text, json, ndjson };

struct ScanCounts {
  std::uint64_t shown = 0, findings = 0, anomalies = 0, passed_over = 0;
  std::vector<analysis::SourceReport> sources;  // the first thousand of them
  std::map<std::string, std::uint64_t> formats, by_rule;
  std::map<detect::Level, std::uint64_t> by_level;
};

/// A target of a fleet that was scanned.
struct ScannedTarget {
  enum class State : std::uint8_t { not_begun, read, failed, interrupted };

  std::string name, type;
  std::vector<std::string> groups;
  State state = State::not_begun;
  std::string why;  // it failed
  std::uint64_t events = 0, findings = 0;
  double seconds = 0;
};
/// "read", "failed", …
std::string_view state_name(ScannedTarget::State state) noexcept;
void append_target(JsonText& json, const ScannedTarget& target);

class ScanReport : public analysis::Watcher {
 public:
  struct Options {
    std::optional<detect::Level> least;  // findings below are left out
    std::uint64_t limit = 0;             // of events
    bool all = false;                    // every event
    bool all_findings = false;           // every finding
    bool summary = false;                // of text: the last screen alone
    std::string command = "scan";        // whom messages are from
    Style style;                         // of text
  };

  /// `program` must outlive it.
  static std::unique_ptr<ScanReport> make(ScanOutput output, const analysis::Program& program, Options options,
                                          analysis::Dismissals dismissals);

  void prepare(analysis::Chunk& chunk) final;
  void take(analysis::Chunk& chunk) final;
  bool wants_further() const final { return true; }
  void finished(const analysis::SourceReport& source) final;
  void notice(const std::string& text) final;
  void add(const std::string& key, const detect::Anomaly& anomaly);

  /// After the last chunk, before print(): what the run comes to, which the tracker stores.
  void end();
  Result<Done> print(const analysis::Totals& totals);
  /// The first thing that went wrong with what is kept.
  const std::optional<Error>& problem() const noexcept { return problem_; }
  void keep(const Result<Done>& result);
  bool found(detect::Level least) const;

  std::unique_ptr<analysis::Tracker> tracker;           // with --track-errors
  std::unique_ptr<analysis::Baselines> baselines;       // with --detect-anomalies
  const std::vector<ScannedTarget>* targets = nullptr;  // of a fleet; outlives the report
  ForTheModel* for_the_model = nullptr;                 // with --explain-findings or --classify; outlives the report

 protected:
  ScanReport(const analysis::Program& program, Options options, analysis::Dismissals dismissals);

  const analysis::Program& program() const noexcept { return program_; }
  const ScanCounts& counts() const noexcept { return counts_; }
  const Style& style() const noexcept { return options_.style; }
  std::uint64_t limit() const noexcept { return options_.limit; }
  bool all() const noexcept { return options_.all; }
  bool all_findings() const noexcept { return options_.all_findings; }
  bool summary() const noexcept { return options_.summary; }
  /// Complete when print_rest() is called.
  const analysis::Digest& digest() const noexcept { return digest_; }

 private:
  void take(const analysis::Finding& finding);
  /// The first `count` records of the chunk into its text; called by several threads at once.
  virtual void write_events(analysis::Chunk& chunk, std::uint64_t count) const = 0;
  virtual void show_events(const std::string& text) = 0;
  virtual void show(const analysis::Finding& finding) = 0;
  virtual void show(const std::string& key, const detect::Anomaly& anomaly) = 0;
  /// One that has been read, however many there are.
  virtual void show_source(const analysis::SourceReport&) {}
  virtual Result<Done> print_rest(const analysis::Totals& totals) = 0;

  const analysis::Program& program_;
  const Options options_;
  const analysis::Dismissals dismissals_;
  ScanCounts counts_;
  analysis::DigestBuilder digesting_;
  analysis::Digest digest_;
  std::optional<Error> problem_;
};

// Each in the file of its output.
std::unique_ptr<ScanReport> text_report(const analysis::Program& program, ScanReport::Options options,
                                        analysis::Dismissals dismissals);
std::unique_ptr<ScanReport> json_report(const analysis::Program& program, ScanReport::Options options,
                                        analysis::Dismissals dismissals);
std::unique_ptr<ScanReport> ndjson_report(const analysis::Program& program, ScanReport::Options options,
                                          analysis::Dismissals dismissals);

/// Those a program is told of, new ones first, then the loudest.
inline constexpr std::size_t kErrorsListed = 100;
std::span<const analysis::LoudError> loudest_errors(const analysis::Digest& digest);
void append_error(JsonText& json, const analysis::LoudError& error);

/// What a scan found, in numbers.
void append_summary(JsonText& json, const ScanCounts& counts, const analysis::Totals& totals, redact::Mode mode);

/// --format-only: what a source is taken for.
void print_detection(ScanOutput output, const std::string& file, const parse::Detection& detection);
void print_detection_text(const std::string& file, const parse::Detection& detection);
void print_detection_json(const std::string& file, const parse::Detection& detection);

/// On standard error; `why` names the file in front.
void say_no_log(const std::string& command, const std::string& file, const Error& why);

}  // namespace logystera::cli
