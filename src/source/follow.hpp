// A log that is being written: its lines as records, across rotation, truncation and restarts.
//
// What is followed is the log, not a file. The files it consists of are read in the order they were written: the one at hand to
// its end, then those that are newer (parts that were rotated away meanwhile, packed ones too), then the one that has the
// log's name now. Which part is which is told by content (source/position.hpp), so it does not matter how a log is rotated:
//
//   renamed                 the descriptor is still open; what is newer stands after it in the rotated set
//   copied and truncated    what was before the place is not there any more: the copy that has it is read on
//   packed meanwhile        the part that begins the same and holds the same before the place is unpacked up to it
//   moved elsewhere         the kernel knows where an open file went; for the rest there is Options::rotated_dirs
//
// Whoever renames a log lets its writer go on in the old file until that opens the new one. So the old one is read on as if
// nothing had happened until the new one holds something; then until it has been quiet for `grace`, or for kGraceMost at most;
// and for `late` after its last line more, lines that come late come after those of the new one. While the new file is empty or
// not there (logrotate's nocreate), the old one stays the log.
//
// A last line without its end waits until it is complete. When the log has been quiet for a moment it is shown as it stands, and
// once more whole when its end comes: a piece of a line is never a line.
//
// A record in parts (containers) whose last part does not come is handed out as far as it came, marked truncated, after `parts`,
// or when its file ends or the follower stops.
//
// What may have been lost is said (notices()), never passed over in silence.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "core/walk.hpp"
#include "parse/source.hpp"
#include "source/log_file.hpp"
#include "source/position.hpp"
#include "source/record_source.hpp"

namespace logystera::source {

class Follower final : public RecordSource {
 public:
  struct Options {
    parse::SourceOptions source;
    bool from_start = false;
    std::optional<LogPosition> resume;               // wins over from_start
    std::vector<std::string> rotated_dirs;           // where rotated parts may lie beside the log's own directory
    std::string rotated_dirs_name = "rotated_dirs";  // what whoever shows notices calls them
    bool follow_links = false;                       // to rotated parts; a log that is named may always be a link
    std::chrono::milliseconds grace{1000}, late{60'000}, parts{5'000};
  };

  /// The file must exist, or a rotated part of it that is resumed. One that was found is never reached through a link that is not
  /// followed: where a link takes its place, that is said, and the log is as good as gone. `formats` and `names` outlive the follower.
  static Result<std::unique_ptr<Follower>> open(FilePath log, const parse::Formats& formats, FieldNames& names,
                                                Options options);

  /// What came since the last call, or comes within `patience`. A log never ends.
  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  /// A line without its end is left for whoever resumes.
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override { return part_; }
  /// The text of log_position().
  Position position() const override { return {log_position().text()}; }
  std::vector<std::string> notices() override { return std::exchange(notices_, {}); }
  const std::string& label() const noexcept override { return path_; }

  /// Name of the format, empty until there is something to tell it by.
  std::string_view format() const noexcept;
  /// Up to where records have been handed out.
  LogPosition log_position() const;
  /// Nothing that may be read has the log's name.
  bool missing() const;
  /// Neither the log nor the file being read has a name any more.
  bool gone() const;
  /// Whether this is a file of the log that is open here.
  bool reads(std::uint64_t device, std::uint64_t inode) const noexcept;
  /// Whether the file is, by what it holds, a part of this log that was there before: no log of its own.
  bool knows(const FilePath& file);
  std::uint64_t rotations() const noexcept { return rotations_; }
  std::uint64_t truncations() const noexcept { return truncations_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Late {
    std::unique_ptr<LogFile> file;
    Clock::time_point until;
  };

  Follower(FilePath log, const parse::Formats& formats, FieldNames& names, Options options);
  void say(std::string text);
  Result<Done> begin();
  Result<Done> resume(const LogPosition& left);
  Result<bool> poll(RecordBatch& batch);
  void belongs_to_part(RecordBatch& batch);
  std::unique_ptr<LogFile> find(const Place& place, bool reading);
  std::unique_ptr<LogFile> find_by_inode(const Place& place);
  std::unique_ptr<LogFile> open_part(const FilePath& part, bool& vanished);
  Result<std::unique_ptr<LogFile>> open_log();
  struct RotatedPart {
    std::unique_ptr<LogFile> file;  // null: it is packed in a way that is not unpacked here
    std::string path;
    struct stat status;
  };
  std::vector<FilePath> listing();
  std::vector<RotatedPart> parts();
  bool known(LogFile& part);
  void remember(const FileMark& mark);
  std::vector<std::unique_ptr<LogFile>> newer_parts();
  bool parts_before();
  void say_unpackable(const RotatedPart& part);
  void look_where_it_went();
  bool look_at_log(struct stat& status) const;
  bool replaced() const;
  void say_link();
  enum class Step { records, progress, nothing };
  Result<Step> step(RecordBatch& batch);
  Result<Step> changed(RecordBatch& batch);
  Result<Step> ended(RecordBatch& batch);
  Result<bool> late_lines(RecordBatch& batch);
  void go_on_with(std::unique_ptr<LogFile> next);
  bool time_to_leave();

  const FilePath log_;
  const std::string& path_ = log_.path;
  const std::shared_ptr<Part> part_;  // the log, whatever files it consists of
  const parse::Formats& formats_;
  const Options options_;
  parse::TimeContext time_;  // asked anew at every look: a log may be followed for months
  const LogReading reading_;
  std::vector<std::string> rotated_dirs_;
  std::unique_ptr<LogFile> file_;               // being read
  std::deque<std::unique_ptr<LogFile>> newer_;  // parts to be read after it, before the log's own file
  std::vector<Late> late_;                      // done with, but for late lines
  std::vector<FileMark> known_;                 // older parts
  std::int64_t seen_ns_ = 0;
  std::optional<Clock::time_point> left_at_,
      next_at_;  // since when file_ has not been the log's, and the new one holds something
  Clock::time_point last_bytes_ = Clock::now();
  unsigned quiet_polls_ = 0;
  std::pair<dev_t, ino_t> listed_for_{};  // the log's own file when newer_ was looked for
  bool late_turn_ = false, link_said_ = false;
  std::string unopened_;  // why the log's own file could not be opened at the last look
  std::uint64_t rotations_ = 0, truncations_ = 0;
  std::vector<std::string> notices_;
};

}  // namespace logystera::source
