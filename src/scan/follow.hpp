// A log that is still being written: new lines as records, across rotation and truncation.
//
// The file is read, never mapped, and looked at again every time poll() is called. When another file has taken its name, what
// was still unread of the old one is read first (its descriptor is open), then the new one from its beginning. When it became
// shorter it was truncated, and is read from its beginning. A last line without its end waits until it is complete, or until
// the log has been quiet for a moment.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/source.hpp"

namespace logystera::scan {

/// Where somebody left off: which file, how far, and what stood just before, so that another file is not taken for it.
struct Position {
  std::uint64_t device = 0, inode = 0, offset = 0;
};

class Follower {
 public:
  struct Options {
    parse::SourceOptions source;
    bool from_start = false;
    std::optional<Position> resume;  // wins over from_start where the file is still there
  };

  /// The file must exist. `formats` and `names` outlive the follower.
  static Result<std::unique_ptr<Follower>> open(const std::string& path, const parse::Formats& formats, FieldNames& names,
                                                Options options);
  ~Follower();

  /// Fills the emptied `batch` with what came since the last call; false if there is nothing new.
  Result<bool> poll(RecordBatch& batch);

  /// Name of the format, empty until there is something to tell it by.
  std::string_view format() const noexcept;
  /// Up to where records have been handed out.
  Position position() const noexcept;
  std::uint64_t rotations() const noexcept { return rotations_; }
  std::uint64_t truncations() const noexcept { return truncations_; }

 private:
  Follower(std::string path, const parse::Formats& formats, FieldNames& names, Options options);
  Result<Done> take(int fd, std::uint64_t offset);
  Result<Done> resume();
  bool detect();
  Result<bool> read_more();
  bool hand_out(RecordBatch& batch, bool final);
  bool replaced() const;

  const std::string path_;
  const parse::Formats& formats_;
  FieldNames& names_;
  const Options options_;
  parse::TimeContext time_;  // asked anew at every look: a log may be followed for months
  int fd_ = -1;
  std::uint64_t device_ = 0, inode_ = 0;
  std::uint64_t read_ = 0;  // bytes of the file read
  std::string pending_;     // read, but not handed out
  unsigned quiet_polls_ = 0;
  const parse::Format* format_ = nullptr;
  std::optional<parse::LineRecords> records_;
  std::uint64_t rotations_ = 0, truncations_ = 0;
};

}  // namespace logystera::scan
