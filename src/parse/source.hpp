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

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/format.hpp"
#include "parse/input.hpp"
#include "parse/json_frames.hpp"
#include "parse/lookout.hpp"

namespace logystera::parse {

struct SourceOptions {
  std::string format;                    // by name; empty: recognised
  std::size_t block_bytes = 256 * 1024;  // read at a time; fits the second-level cache
  std::size_t line_bytes = 1024 * 1024;  // longest line kept whole
  std::size_t joined_lines = 500;        // most lines joined into one record
  std::shared_ptr<const Zone> zone;      // of times without one; none: UTC
  TimeContext::Order order;              // where the file before it of the same log ended
  std::int64_t reference_ns = 0;         // the latest the log can be; 0: the file's change time, or now
  InputLimits input;
};

/// What a source was taken for.
struct Detection {
  const Format* format = nullptr;  // null for EVTX, journal export and empty input
  std::string_view name;           // "auth_log", "evtx", "empty"
  std::string_view title;
  double confidence = 0;  // 0-1: the share of sampled lines that fit, times how specific the format is
  Compression compression = Compression::none;
  Encoding encoding = Encoding::bytes;
  std::size_t sampled = 0;  // lines looked at
  std::size_t matched = 0;  // of them, how many fit
};

/// From that line on lines have that format, too: what comes before did not fit it.
struct FormatChange {
  const Format* format = nullptr;
  std::uint64_t line = 0;
};

/// What went through, and what did not go through whole. Every total is since the source was opened.
struct SourceCounts {
  std::uint64_t bytes = 0;  // unpacked
  std::uint64_t lines = 0;  // blank ones included
  std::uint64_t records = 0;
  std::uint64_t unparsed = 0;  // records kept as text because the format did not fit
  std::uint64_t blank = 0;
  std::uint64_t directives = 0;       // #Fields and the like
  std::uint64_t joined = 0;           // lines joined to the record above
  std::uint64_t truncated = 0;        // lines longer than line_bytes
  std::uint64_t truncated_bytes = 0;  // what was skipped of them
  std::uint64_t hole_bytes = 0;       // NULs in front of lines, passed over
  std::uint64_t unfinished = 0;       // records in parts (containers) whose last part is missing
  std::uint64_t undecodable = 0;      // units of another encoding that mean nothing, read as U+FFFD
  std::uint64_t format_changes = 0;   // further formats found on the way
  std::uint64_t unnamed_fields = 0;   // fields left out of records: their names are too long, or there are too many names
  std::uint64_t damaged = 0;          // EVTX: chunks and records that cannot be read; journal export: entries
  std::uint64_t damaged_bytes = 0;
  std::uint64_t checksums = 0;  // EVTX: chunks whose checksum does not hold; their records are read all the same
};

/// Makes records of whole lines that lie in a batch's text. The part of a source that following a growing file shares with
/// reading it once.
class LineRecords {
 public:
  /// `time` is the one the parsers were made with.
  LineRecords(const Format& format, std::unique_ptr<LineParser> parser, std::unique_ptr<LineParser> fallback,
              std::string source, const SourceOptions& options, TimeContext time = {});

  /// Appends the records of `batch.text` to `batch.records` and returns how many bytes are done with. Unless `final`, an
  /// unfinished last line, and a last record that may still go on, are left: bring them again, followed by more.
  /// Whoever follows a growing file calls with `final` after a quiet moment, or the last record waits for the next line.
  /// A line longer than `line_bytes` is one record of its head, marked truncated; its rest is passed over and counted as it
  /// comes, over as many calls as that takes. So what is left is never more than a line's limit and one line.
  std::size_t read(RecordBatch& batch, bool final);
  /// The record an unfinished last line would be if it ended here. Nothing is done with: bring it again.
  void peek(RecordBatch& batch);
  /// Tells the format again when lines stop fitting; `formats` and `names` outlive the reader. `seen`: how many lines the format
  /// was told by. Without it, or if the user named the format, it stays what it is.
  void watch(const Formats& formats, FieldNames& names, std::size_t seen);
  /// Appends the records in parts whose last part has not come, each marked truncated: the log, or this file of it, ends here.
  void finish(RecordBatch& batch);
  /// The oldest of the records in parts that wait for more: its number, and how many bytes before the place it begins.
  struct OpenPart {
    std::uint64_t line = 0, back = 0;
  };
  std::optional<OpenPart> oldest_part() const noexcept;
  /// Whether records in parts are joined: not where a collector left out the line feeds that tell the last part.
  void join_parts(bool join) noexcept { join_parts_ = join; }
  /// NULs in front of the first line were passed over already.
  void skip_hole(std::uint64_t bytes) noexcept;
  void count_undecodable(std::uint64_t units) noexcept { counts_.undecodable = units; }
  const std::vector<FormatChange>& changes() const noexcept { return changes_; }
  /// Where to go on in a source that was read in part before: `line` is the number of the next line, or of the one whose rest
  /// is passed over.
  void resume(std::uint64_t line, std::uint64_t offset, bool within_long_line) noexcept;
  std::uint64_t next_line() const noexcept { return line_; }
  /// The rest of a line beyond the limit is being passed over.
  bool within_long_line() const noexcept { return within_long_line_; }
  const SourceCounts& counts() const noexcept { return counts_; }

 private:
  struct Open;

  void read_line(std::string_view line, std::size_t at, RecordBatch& batch, Open& open);
  void read_head(std::string_view head, std::size_t at, RecordBatch& batch, Open& open);
  void start(std::string_view text, RecordBatch& batch, Record& record);
  LineRead read_with(LineParser& parser, std::string_view text, RecordBatch& batch, Record& record);
  LineRead read_as_known(std::string_view text, RecordBatch& batch, Record& record);
  LineRead read_as_other(std::string_view text, RecordBatch& batch, Record& record);
  bool take_part(std::string_view& text, RecordBatch& batch, Record& record);
  void finish_oldest(RecordBatch& batch);
  std::size_t pass_over(std::string_view text);
  /// JSON that is no line, from `at` on: returns where it goes on. `stuck`: not without more text.
  std::size_t read_frames(std::size_t at, bool final, RecordBatch& batch, Open& open, bool& stuck);
  void pass_lines(std::string_view passed);
  void close(RecordBatch& batch, Open& open);

  // A format of the log; there are several if it changed.
  struct Known {
    const Format* format;
    std::unique_ptr<LineParser> parser;
  };
  // A record of which the last part is still to come.
  struct Parts {
    std::string group, stream;
    std::string line;    // the first part's up to where its text ends, and the texts of the others
    std::string behind;  // the rest of the first part's line
    std::uint64_t number = 0, offset = 0;
    bool truncated = false;
  };

  const Format& format() const noexcept { return *known_.front().format; }

  std::vector<Known> known_;  // the one that read last first
  std::unique_ptr<LineParser> fallback_;
  std::string source_;
  SourceOptions options_;
  TimeContext time_;
  SourceCounts counts_;
  std::uint64_t line_ = 1;
  std::uint64_t offset_ = 0;
  bool within_long_line_ = false;
  bool json_ = false;  // records may be JSON over many lines
  JsonFrames frames_;
  JsonExtent rest_of_value_;  // of a value beyond the limit
  bool within_long_value_ = false;
  bool peeking_ = false;
  bool nuls_ = false;  // somewhere in the text being read
  bool join_parts_ = true, has_parts_ = false;
  std::vector<Parts> parts_;
  std::size_t parts_bytes_ = 0;
  std::vector<FormatChange> changes_;
  // Set by watch().
  std::optional<FormatLookout> lookout_;
  FieldNames* names_ = nullptr;
};

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

/// The format whose parser fits `lines` (whole lines, up to 200 are looked at) best.
Detection detect_format(std::string_view lines, const Formats& formats, const TimeContext& time);
/// The same for the bytes a log begins with, or some from its middle: by the first lines, or if these are nothing but text (a
/// banner), by the last ones. `ended`: the last line is whole though it has no end.
Detection detect_log(std::string_view sample, bool ended, const Formats& formats, const TimeContext& time);
/// Whether a log of parts has a last one anywhere in `sample`: a collector may have left out the line feeds that tell it. True if
/// there are too few to say.
bool parts_end_somewhere(std::string_view sample, const Format& format, const ParserContext& context);

}  // namespace logystera::parse
