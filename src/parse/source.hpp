// From a path to records: opens, unpacks, recognises the format, and hands out batches.
//
//   auto source = Source::open("/var/log/nginx/access.log.2.gz", formats, names);
//   RecordBatch batch;
//   while (source->next_batch(batch)) for (Record& record : batch.records) …
//   if (source->problem()) …   // why it ended early; everything read before it has been handed out
//
// Nothing is dropped: a line the format does not fit becomes a record of kind text with `parsed` false and is counted.
// Memory is bounded whatever the input: a batch holds about `block_bytes`, a line at most `line_bytes` (its head is kept, the
// rest skipped and counted).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/detection.hpp"
#include "parse/format.hpp"
#include "parse/input.hpp"
#include "parse/line_records.hpp"
#include "parse/source_options.hpp"

namespace logystera::parse {

/// Something that fills batches: lines, EVTX chunks, journal entries.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// Fills the empty `batch`; false at the end. A reason to end early is left in `problem`.
  virtual bool fill(RecordBatch& batch, std::optional<Error>& problem) = 0;
  virtual const SourceCounts& counts() const noexcept = 0;
  virtual std::vector<FormatChange> changes() const { return {}; }
};

class Source {
 public:
  /// `formats` and `names` outlive the source. Errors: the file cannot be opened or read at all, options.format is not known.
  static Result<Source> open(const std::string& path, const Formats& formats, FieldNames& names,
                             const SourceOptions& options = {});
  /// `no_log`, if given, tells whether the error is that these bytes are known to be no log: nothing went wrong then.
  static Result<Source> open(Input input, const Formats& formats, FieldNames& names, const SourceOptions& options = {},
                             bool* no_log = nullptr);

  const Detection& detection() const noexcept { return detection_; }
  const std::string& name() const noexcept { return *name_; }
  /// Clears and fills `batch` with at least one record; false when there are no more.
  bool next_batch(RecordBatch& batch);
  /// Why reading ended before the end of the data (truncated or damaged archive, limit, I/O error), if it did.
  const std::optional<Error>& problem() const noexcept { return problem_; }
  const SourceCounts& counts() const noexcept;
  /// The formats found on the way.
  std::vector<FormatChange> changes() const { return reader_->changes(); }
  /// For the next file of the same log, see SourceOptions.
  TimeContext::Order order() const noexcept { return time_.order(); }

 private:
  Source() = default;

  std::unique_ptr<const std::string> name_;  // records point at it
  Detection detection_;
  std::unique_ptr<RecordReader> reader_;
  std::optional<Error> problem_;
  TimeContext time_;
};

}  // namespace logystera::parse
