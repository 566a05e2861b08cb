// Many logs that are being written, read as one: files that are named, and the logs in directories and of patterns (live_logs.hpp), each
// by a Follower of its own, in turns, a batch at a time.
//
// Directories and patterns are looked at again and again. A log that appears there is read from its beginning: all of it came since. It
// begins at its end where its directory could not be listed before, or was not there and the log was last written before this run.
// One that is gone (its name and its file, for two looks in which nothing came of it) is said and forgotten. What cannot be read is said
// and tried again beside the others, later each time.
//
// What was left by an earlier run begins where that left off, whenever the log turns up. That an argument was followed before is kept
// under a key of its own: logs below it of which nothing is kept appeared since, and are read from their beginning as well.
//
// Of a set that is named by dates the newest part is the log, and the one before it another. Parts between one that is followed, or
// that something is kept of, and the newest are read one after the other, and forgotten like that one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "core/walk.hpp"
#include "source/follow.hpp"
#include "source/live_logs.hpp"
#include "source/record_source.hpp"

namespace logystera::source {

class LogSet final : public ManySources {
 public:
  static constexpr std::size_t kLogsMost = 1'024;

  struct Options {
    Follower::Options following;  // of each; `resume` is not looked at
    /// What an earlier run kept under a key; none kept anything.
    std::function<Result<std::optional<Position>>(const std::string& key)> left;
    /// The error of what was kept and cannot be used.
    std::function<Error(const std::string& key, const Error& why)> unusable;
    std::size_t logs_most = kLogsMost;
    std::string more_logs;  // how to follow more than that: the end of the message
    std::chrono::milliseconds poll_every{200}, look_every{2'000};
    const std::atomic<bool>* stop = nullptr;  // once true, next() waits no longer; outlives the set
  };

  /// Errors: more logs than `logs_most`; of files that are named, none can be read; what was kept of one is damaged. `formats` and
  /// `names` outlive the set.
  static Result<std::unique_ptr<LogSet>> open(std::vector<std::string> paths, const parse::Formats& formats,
                                              FieldNames& names, Options options);

  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override { return current_ ? current_->follower->part() : nullptr; }
  Position position() const override { return current_ ? current_->follower->position() : Position(); }
  std::vector<std::string> notices() override { return std::exchange(notices_, {}); }
  const std::string& label() const noexcept override { return current_ ? current_->file.path : paths_.front(); }
  const std::string& key() const noexcept override { return current_ ? current_->key : no_key_; }
  std::vector<std::pair<std::string, Position>> positions() const override;
  std::vector<std::string> forgotten() override { return std::exchange(forgotten_, {}); }

  /// Those that are being read.
  std::size_t reading() const noexcept;
  /// What walks passed over at the beginning.
  const PassedOver& passed() const noexcept { return passed_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Log {
    Log(LiveLog found, bool begins_at_start)
        : file(std::move(found.file)),
          whole(std::move(found.whole)),
          key("file:" + whole),
          argument(found.argument),
          from_start(begins_at_start) {}

    FilePath file;
    std::string whole, key;
    std::size_t argument;
    bool from_start;
    std::unique_ptr<Follower> follower;  // null: it cannot be read now
    std::optional<LogPosition> left;     // where it goes on once it can be
    std::string trouble;                 // why it cannot, once that was said
    std::chrono::milliseconds retry{0};
    Clock::time_point again_at{};                 // the next look at it
    std::uint64_t batches = 0, batches_seen = 0;  // until now, and at the last look that found it gone
    unsigned away_looks = 0;                      // in a row that found it gone, with nothing of it between them
    bool polled = false;                          // since the last look that found it gone
    bool leaves = false;                          // it is read to its end and forgotten
    std::string waits_for;                        // `whole` of the log that is read to its end before this one
    bool awaited = false;                         // another log waits for this one
  };

  LogSet(std::vector<std::string> paths, const parse::Formats& formats, FieldNames& names, Options options);
  Result<Done> begin();
  bool is_new(const LiveLog& found) const;
  Result<Log> log_of(LiveLog found);
  Log* followed(const std::string& whole) const;
  Result<Done> add(Log log, const std::vector<FilePath>& older);
  void push(Log log);
  bool full(const std::string& path);
  bool waits(Log& log) const;
  bool aside(const LiveLog& found, std::size_t most);
  void open(Log& log);
  void fails(Log& log, const Error& error);
  Result<Done> look();
  void say(std::string text) { notices_.push_back(std::move(text)); }
  void say_problems(const std::vector<NoLogs>& problems);
  void take_notices(Follower& follower);
  void judge(Log& log, bool part);
  void forget(std::size_t at);

  const std::vector<std::string> paths_;
  const parse::Formats& formats_;
  FieldNames& names_;
  const Options options_;
  const std::string no_key_;
  std::vector<bool> before_;  // an earlier run followed this path
  std::vector<std::unique_ptr<Log>> logs_;
  std::size_t turn_ = 0;
  Log* current_ = nullptr;  // the last batch is of it
  // Names of files that other logs hold: device, inode and when it was last written.
  std::map<std::string, std::tuple<dev_t, ino_t, std::int64_t>> aside_;
  bool begun_ = false;
  std::int64_t begun_ns_ = 0;
  std::vector<bool> absent_;        // nothing was there when the set began, nor since
  std::set<std::string> unlisted_;  // directories that could not be listed then, nor since
  std::set<std::string> problems_;  // said, and still there
  bool full_ = false;               // that there are too many was said
  Clock::time_point look_at_{};
  PassedOver passed_;
  std::vector<std::string> notices_, forgotten_;
};

}  // namespace logystera::source
