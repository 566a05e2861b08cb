// One file of a log that is being followed: its bytes as they come, and the records they make.
//
// Plain files are read with pread(2) and may grow; packed ones (gzip, zstd, parts of a log that was rotated) are unpacked from
// their beginning and end. After every read of a plain file the bytes before it are compared with what they were: a file that
// was truncated and has grown past the place since, or was written anew, shows.
//
// Places are of the bytes as they are written. UTF-16 and UTF-32 are decoded only for the records, and a unit that is not
// complete waits. A record in parts (containers) whose last part has not come holds the place back: whoever goes on there reads
// it again from its first part.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/fd.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/encoding.hpp"
#include "parse/source.hpp"
#include "source/position.hpp"

namespace logystera::source {

/// What reading a log's files has in common.
struct LogReading {
  const std::string& name;  // of the log: what records name as their source
  const parse::Formats& formats;
  FieldNames& names;
  const parse::SourceOptions& options;
  const parse::TimeContext& time;
  std::function<void(std::string)> say;  // what a person has to know
};

class LogFile {
 public:
  /// Takes over `fd`; `path` is for messages. Packed or plain is told by the first bytes. An error if it is no regular file.
  static Result<std::unique_ptr<LogFile>> open(Fd fd, std::string path, const LogReading& reading);

  /// What it is if it is no text that grows line by line, with what to do about it; empty: nothing known.
  std::string_view refusal() const;
  /// The same file from its beginning.
  Result<std::unique_ptr<LogFile>> again() const;
  /// Begins at the end: with the last line, if it has no end yet.
  Result<Done> begin_at_end();
  /// Goes on at `place`. False, with nothing changed but a packed file's place, if this file does not hold what was before it.
  /// `exact` false: a file that begins the same and is shorter will do, and then has nothing more to give.
  bool go_on(const Place& place, bool exact);
  /// Goes on where `other` is, whose copy this file may be; takes over what it had not handed out. False as above.
  bool take_over(LogFile& other, bool exact);

  enum class Look { nothing, bytes, changed };
  /// Reads on. `changed`: what was before the place is not there any more; nothing was read.
  Result<Look> look();
  /// Makes records of what was read. `quiet`: no more is to be expected for a while, so a record that may still go on is handed
  /// out; a line without its end is shown and stays. `lines`: the same, but such a line is not shown. `last`: nothing follows any
  /// more. False if there are none.
  enum class Expect { more, lines, quiet, last };
  bool hand_out(RecordBatch& batch, Expect expect);
  /// Hands out the records in parts whose last part has not come, each marked truncated. False if there are none.
  bool hand_out_parts(RecordBatch& batch);
  /// Whether the oldest of them waits for longer than that, or has made too much wait behind it.
  bool parts_overdue(std::chrono::milliseconds wait) const;

  /// Begins with the format and encoding of the file before, until what is in it says otherwise.
  void expect_like(const LogFile& before) noexcept {
    format_ = before.format_;
    expected_encoding_ = before.encoding();
  }
  const parse::Format* format() const noexcept { return format_; }
  Place place() const;
  FileMark mark() const;
  bool is(std::uint64_t device, std::uint64_t inode) const noexcept { return device == device_ && inode == inode_; }
  const std::string& path() const noexcept { return path_; }
  bool packed() const noexcept { return stream_ != nullptr; }
  /// UTF-16 and the like are decoded.
  parse::Encoding encoding() const noexcept { return encoding_.value_or(expected_encoding_); }
  /// Bytes are waiting to be made records of.
  bool unfinished() const noexcept { return pending_.size() > held_; }
  std::uint64_t read_bytes() const noexcept { return read_; }
  /// Of a plain file: what it is now. All zero if it cannot be looked at.
  struct stat status() const noexcept;
  /// Whether this file begins as the marked one.
  bool begins_with(const FileMark& mark);
  /// The same, or this file is a shorter copy of the marked one, made before its last lines came.
  bool copies(const FileMark& mark);
  int descriptor() const noexcept { return fd_.get(); }

 private:
  LogFile(Fd fd, std::string path, const LogReading& reading)
      : fd_(std::move(fd)), path_(std::move(path)), reading_(reading) {}

  bool reaches(std::uint64_t offset, std::string_view before_mark, std::uint64_t before_bytes);
  bool same_before();
  std::string before_read() const;
  std::string head();
  void keep_head(std::string_view bytes);
  void consume(std::size_t bytes);
  void pass_hole();
  std::string_view fresh() const noexcept { return std::string_view(pending_).substr(held_); }
  std::string text_of(std::string_view bytes) const;
  bool choose_encoding(bool enough);
  bool choose_format(bool whole_lines);
  bool make_records(const parse::Format& format, std::uint64_t line, std::uint64_t offset, bool within_long_line);
  void prime();
  void made_records(std::size_t bytes);
  void say_changes();

  Fd fd_;
  std::string path_;
  const LogReading& reading_;
  std::unique_ptr<parse::ByteStream> stream_;  // of a packed file
  std::uint64_t device_ = 0, inode_ = 0;
  std::uint64_t read_ = 0;   // bytes read, from the beginning
  std::string head_;         // the first kHeadBytes of them
  std::string before_;       // the last kBeforeBytes of what has been handed out
  std::string pending_;      // read, and not handed out
  std::size_t held_ = 0;     // of pending_: read already, but a record in parts that began there is not whole
  std::uint64_t shown_ = 0;  // of what is fresh in pending_: shown as a line without its end
  std::int64_t changed_ns_ = 0, size_ = 0;  // as of the last comparison
  bool ended_ = false;                      // packed: there is no more

  const parse::Format* format_ = nullptr;
  std::unique_ptr<parse::LineRecords> records_;
  std::uint64_t line_ = 1;  // for records_, until there are any
  bool within_long_line_ = false;
  std::size_t changes_said_ = 0;  // of the formats found on the way
  std::uint64_t unnamed_said_ = 0;
  std::optional<parse::Encoding> encoding_;
  parse::Encoding expected_encoding_ = parse::Encoding::bytes;
  // The oldest record in parts, since when it waits, and whether it must not any longer.
  std::uint64_t oldest_part_ = 0;
  std::chrono::steady_clock::time_point parts_since_{};
  bool parts_due_ = false;
};

}  // namespace logystera::source
