// Lines that come piece by piece, over a network or a pipe: bytes in, records out. One feed a stream (a file, a container, a set of
// labels), each with the format its own lines have.
//
//   feed.add(bytes);
//   while (feed.take(batch, LineFeed::Expect::more)) …
//   on a quiet moment: feed.take(batch, LineFeed::Expect::quiet)
//
// A place is the number of bytes that are done with. A record that may still go on, and one in parts (containers) whose last part
// has not come, are not: whoever goes on at the place sees them again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "parse/line_records.hpp"
#include "parse/source_options.hpp"
#include "parse/timestamp.hpp"

namespace logystera::source {

class LineFeed {
 public:
  static constexpr std::size_t kSampleBytes = 64 * 1024;  // a format is told by
  static constexpr std::size_t kHeldMost = 8 * 1024 * 1024;

  /// `formats` and `names` outlive it; records name `name`, which the feed holds, as their source.
  LineFeed(std::string name, const parse::Formats& formats, FieldNames& names, const parse::SourceOptions& options);

  /// Forgets what is not done with, and goes on at that place: the next bytes are the ones behind it.
  void go_on(std::uint64_t offset, std::uint64_t line);
  void add(std::string_view bytes);

  enum class Expect : std::uint8_t {
    more,   // records that may still go on wait
    quiet,  // none waits but a line without its end
    last,   // nothing follows
  };
  /// Clears and fills `batch`; false: there is no record.
  bool take(RecordBatch& batch, Expect expect);

  /// Whether a whole line waits.
  bool holds_line() const noexcept { return pending_.find('\n', held_) != std::string::npos; }
  std::size_t waiting() const noexcept { return pending_.size() - held_; }
  std::uint64_t offset() const noexcept { return offset_; }
  /// Number of the line at offset().
  std::uint64_t line() const noexcept;
  /// Null: not told yet.
  const parse::Format* format() const noexcept { return format_; }
  const parse::SourceCounts& counts() const noexcept;

 private:
  bool choose(Expect expect);
  void made(std::size_t bytes);

  const std::string name_;
  const parse::Formats& formats_;
  FieldNames& names_;
  const parse::SourceOptions options_;
  parse::TimeContext time_;
  const parse::Format* format_ = nullptr;
  std::unique_ptr<parse::LineRecords> records_;
  std::string pending_;   // from offset_ on
  std::size_t held_ = 0;  // of them, made records of but for parts that are not whole
  std::uint64_t offset_ = 0, first_line_ = 1, part_line_ = 0;
};

}  // namespace logystera::source
