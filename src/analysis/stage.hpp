// The one order in which records become findings, for whoever has records: a scan of many threads, a log that is followed, a
// gateway.
//
//   enrich (plugins) → select → match → count over time, in turn → redact → hand out
//
// With a filter everything behind it goes as if the log held the records it wants alone. What it leaves out is not redacted either,
// unless a private key runs through the batch, which has to be followed from its beginning.
//
// Matching and counting see typed, raw fields in memory. What a worker gives is redacted, records and findings alike, and
// process() is the only way to it. Counting needs the order of the log, and is cheap; the rest needs none. A private key that
// runs on from batch to batch is the one case in which redaction needs order too: such a batch is redacted in its turn.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/finding.hpp"
#include "analysis/who_reader.hpp"
#include "core/record.hpp"
#include "detect/engine.hpp"
#include "detect/windows.hpp"
#include "filter/filter.hpp"
#include "plugin/hook.hpp"
#include "redact/redactor.hpp"

namespace logystera::analysis {

/// What is shown of records, where that is not all of them: it alone is redacted, and the rest of a record is gone afterwards. For
/// whoever runs no rules.
struct Shown {
  std::vector<FieldId> fields;  // values of these; neither message nor raw line nor host

  bool has(FieldId field) const noexcept { return std::find(fields.begin(), fields.end(), field) != fields.end(); }
};

struct StageOptions {
  detect::Logsource declared;  // what the user says the sources are
  redact::Mode mode = redact::Mode::redact;
  std::string salt;
  unsigned digits = redact::kPseudonymDigits;
  std::vector<redact::Pattern> patterns;
  std::shared_ptr<const plugin::Enrichers> enrichers;  // null: none
  std::shared_ptr<const filter::Filter> filter;        // null: every record is wanted
  std::function<bool(const Record&)> wanted;           // asked after the filter, by several threads at once; null: all are
  std::shared_ptr<const Shown> shown;                  // null: all of a record
  std::size_t window_cells = 1'000'000;
  bool further = false;  // fill Worker::further, and count every event to one finding alone

  redact::Options redaction() const;
  /// Groups have the same numbers in every run with the same salt, so what fires at one time comes in the same order. Without a
  /// salt the numbers are random.
  detect::WindowOptions window_options() const;
};

/// Where a batch stands.
struct Ends {
  bool first_of_part = false;   // of a file: no private key runs on into it
  bool last_of_source = false;  // of a log: windows are judged after it
};

/// When it is a batch's turn. Whoever has one thread alone needs none of it.
class Turn {
 public:
  virtual ~Turn() = default;
  /// Waits for the batches before; false: one of those will never pass, and neither does this.
  virtual bool enter() { return true; }
  virtual void leave() {}
};

class Stage {
 public:
  /// What one thread works with, and what came of its last batch.
  class Worker {
   public:
    /// In the order of the log; redacted.
    std::vector<Finding> findings;
    /// With StageOptions::further, what groups counted that a finding was made of before, and that made none: `fresh` events of its rule
    /// and its group (`series`), not to be shown by themselves. In no order; `at` is the last one's.
    std::vector<Finding> further;
    std::array<std::uint64_t, redact::kKinds> redacted{};
    std::uint64_t first_record = 0;  // 0-based number of the batch's first record among all of the stage
    std::uint64_t left_out = 0;      // records the filter did not want; they are gone from the batch

   private:
    friend class Stage;
    Worker(std::optional<detect::Session> session, const redact::Redactor& redactor, const FieldNames& names)
        : session_(std::move(session)), redactor_(redactor), who_(names) {}

    std::optional<plugin::EnrichSession> enriching_;
    std::optional<filter::Session> filtering_;
    std::vector<Record> all_;            // with a filter: of the batch, before it
    std::vector<std::uint32_t> wanted_;  // their numbers
    std::optional<detect::Session> session_;
    redact::Redactor redactor_;
    WhoReader who_;
    std::vector<std::uint32_t> hits_;       // of all records of the batch, one after the other
    std::vector<std::uint32_t> hits_ends_;  // record → where its hits end
    std::vector<detect::Match> matches_, further_;
  };

  /// `engine` null: no rules. It and `names`, the table it was compiled with, outlive the stage.
  Stage(const detect::Engine* engine, const FieldNames& names, const StageOptions& options);
  /// Another one, with windows of its own and nothing counted yet. Both remember pseudonyms of IPv4 addresses in one place, which takes
  /// 8 MiB (redact/pseudonym.hpp): where there are many stages, all but the first are made so.
  Stage beside() const { return Stage(*this); }

  /// For one more thread; it must not outlive the stage.
  Worker worker() const;

  /// Takes a batch through; it is redacted afterwards. `source`: where findings belong that no record made. False: there was no
  /// turn for it, and neither batch nor worker is to be handed out.
  bool process(Worker& worker, RecordBatch& batch, const std::string& source, Ends ends, Turn& turn);

  /// Groups, or their hits, dropped for want of memory, in all sources that have ended.
  std::uint64_t windows_forgotten() const noexcept { return forgotten_; }

 private:
  Stage(const Stage& other);
  void select(Worker& worker, RecordBatch& batch) const;
  void match(Worker& worker, const RecordBatch& batch);
  void count(Worker& worker, const RecordBatch& batch, Ends ends);
  void redact(Worker& worker, RecordBatch& batch);
  void redact_in_turn(Worker& worker, RecordBatch& batch);
  void strip(RecordBatch& batch) const;

  const detect::Engine* const engine_;
  const FieldNames& names_;
  const std::shared_ptr<const plugin::Enrichers> enrichers_;
  const std::shared_ptr<const filter::Filter> filter_;
  const std::function<bool(const Record&)> wanted_;
  const std::shared_ptr<const Shown> shown_;
  const detect::Logsource declared_;
  const detect::WindowOptions window_options_;
  const redact::Redactor redactor_;  // the workers' are made after it
  // What is touched in turn alone.
  std::optional<detect::Windows> windows_;
  std::uint32_t open_key_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t forgotten_ = 0;
};

}  // namespace logystera::analysis
