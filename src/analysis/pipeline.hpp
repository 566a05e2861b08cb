// Logs in, redacted records and findings out, on several threads: read → stage (analysis/stage.hpp) → whoever watches.
//
// Two things must happen in the order of the log, and are cheap: taking the next batch from a source (which parses it), and
// counting over time. The rest, matching and redaction, is nearly all of the work. So every worker carries one batch through all
// stages, and the two ordered ones are gates that let batches pass in turn:
//
//   take a batch (in turn) → match → windows (in turn) → redact, Watcher::prepare → Watcher::take (in turn)
//
// Memory is one batch a worker, whatever the input.
//
// Nothing that has not been redacted ever reaches a Watcher; detection sees the typed fields, in memory only.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/finding.hpp"
#include "analysis/stage.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/engine.hpp"
#include "parse/source.hpp"
#include "redact/redactor.hpp"
#include "source/paths.hpp"
#include "source/record_source.hpp"

namespace logystera::analysis {

/// What is known of a part of a source (a file) when all of it was read.
struct SourceReport : source::Part {
  std::array<std::uint64_t, redact::kKinds> redacted{};
  std::uint64_t findings = 0;

  std::uint64_t redacted_total() const noexcept;
};

/// A redacted batch on its way out.
struct Chunk {
  const std::string& source;          // name of the file
  const std::string& set;             // name of the rotated set it belongs to, or the file's
  RecordBatch& batch;                 // may be empty: windows judged at the end of a set
  std::uint64_t first_record;         // 0-based number of its first record among all of the run
  std::vector<Finding> findings;      // in log order
  std::string text;                   // for the watcher: prepare() may write, take() reads
  std::vector<Finding> further = {};  // what findings before these went on to (Stage::Worker::further)
};

/// Who is told. prepare() is called by several threads at once, take() and finished() by one at a time in log order.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void prepare(Chunk&) {}
  virtual void take(Chunk& chunk) = 0;
  /// Whether Chunk::further is to be filled (StageOptions::further).
  virtual bool wants_further() const { return false; }
  /// A source is through.
  virtual void finished(const SourceReport&) {}
  /// What a source wants a person to know (source::RecordSource::notices()); by one at a time, beside take() and finished().
  virtual void notice(const std::string&) {}
};

struct PipelineOptions : StageOptions {
  parse::SourceOptions source;
  unsigned threads = 2;
  unsigned threads_beside = 1;  // where another program delivers the lines: it and what it speaks to want to run as well
};

inline constexpr unsigned kThreadsMost = 64;

/// Where a run is, to be read by another thread at any time.
struct Progress {
  std::atomic<std::uint64_t> bytes{0}, records{0}, findings{0}, sources{0};
};

struct Totals {
  std::uint64_t sources = 0, failed = 0;  // failed: with a problem
  std::uint64_t passed_over = 0;          // files of a walk that are no logs; not among the sources
  parse::SourceCounts counts;
  std::array<std::uint64_t, redact::kKinds> redacted{};
  std::uint64_t findings = 0;
  std::uint64_t left_out = 0;           // records the filter did not want
  std::uint64_t windows_forgotten = 0;  // groups, or their hits, dropped for want of memory
  bool interrupted = false;
  double seconds = 0;

  std::uint64_t redacted_total() const noexcept;
};

/// `more` on top of `sum`.
void add(parse::SourceCounts& sum, const parse::SourceCounts& more) noexcept;

/// The sources of a run, one after the other; null: there are no more.
using NextSource = std::function<std::unique_ptr<source::RecordSource>()>;

/// Runs every source through. `engine` null: no rules. `names` is the table the engine was compiled with. `stop` set to
/// true ends the run at the next batch, and a source that waits for bytes at once; what was taken until then is handed out.
Totals run(const NextSource& next_source, FieldNames& names, const detect::Engine* engine, const PipelineOptions& options,
           Watcher& watcher, Progress& progress, const std::atomic<bool>& stop);

/// The same for files.
Totals run(const std::vector<source::SourceSet>& sets, const parse::Formats& formats, FieldNames& names,
           const detect::Engine* engine, const PipelineOptions& options, Watcher& watcher, Progress& progress,
           const std::atomic<bool>& stop);

}  // namespace logystera::analysis
