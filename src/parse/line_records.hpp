// Lines → records: parses the lines in a batch's text. Reading a file once and following one that grows both go through here.
//
// A record may be more than a line: stack traces are joined to the line above them, a container's partial lines to one, and JSON
// over many lines is read value by value. When lines stop fitting the format, it is detected again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "parse/format.hpp"
#include "parse/json_frames.hpp"
#include "parse/lookout.hpp"
#include "parse/source_options.hpp"

namespace logystera::parse {

/// A further format of the log, and the first line that has it.
struct FormatChange {
  const Format* format = nullptr;
  std::uint64_t line = 0;
};

/// What was read, and what could not be read whole. Every total is since the source was opened.
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

class LineRecords {
 public:
  /// `time` is the one the parsers were made with.
  LineRecords(const Format& format, std::unique_ptr<LineParser> parser, std::unique_ptr<LineParser> fallback,
              std::string source, const SourceOptions& options, TimeContext time = {});

  /// Appends the records of `batch.text` to `batch.records` and returns how many bytes were consumed. Unless `final`, an
  /// unfinished last line, and a last record that may still go on, are not: pass them again, followed by more.
  /// Whoever follows a growing file calls with `final` after a quiet moment, or the last record waits for the next line.
  /// A line longer than `line_bytes` is one record of its head, marked truncated; its rest is passed over and counted as it
  /// comes, over as many calls as that takes. So what is left is never more than a line's limit and one line.
  std::size_t read(RecordBatch& batch, bool final);
  /// The record an unfinished last line would be if it ended here. Nothing is consumed: pass it again.
  void peek(RecordBatch& batch);
  /// From now on the format is detected again when lines stop fitting it; not called if the user named the format. `formats` and
  /// `names` outlive the reader. `seen`: how many lines the first detection looked at.
  void watch(const Formats& formats, FieldNames& names, std::size_t seen);
  /// Appends the records in parts whose last part has not come, each marked truncated: the log, or this file of it, ends here.
  void finish(RecordBatch& batch);
  /// The oldest of the records in parts that wait for more: its number, and how many bytes before the place it begins.
  struct OpenPart {
    std::uint64_t line = 0, back = 0;
  };
  std::optional<OpenPart> oldest_part() const noexcept;
  /// Whether records in parts are joined: not where a collector left out the line feeds that mark the last part.
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

  // A format the log was found to have; several if it changed.
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

  std::vector<Known> known_;  // most recently used first
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

}  // namespace logystera::parse
