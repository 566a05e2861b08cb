// When the write-ahead log is copied into the database.
//
// A log that is copied whole begins anew at its start; one that is not grows, and every commit writes to a longer file. It is copied
// whole only where nobody reads an older state of it, and while somebody writes without pause, only between two commits. SQLite by
// itself tries at every commit once the log is long enough, which writes and syncs a few frames each time and is in vain for as long as
// there are always readers. Here it is tried when it has grown by a certain length; long reads that have not begun wait a moment for
// it, and it waits as long for those that have. Where commits are far apart the next one is not waited for: whoever ends the last of
// those reads copies it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace logystera::store::sqlite {

/// Of all connections of a process to one database. Thread-safe.
class Checkpoints {
 public:
  using Clock = std::chrono::steady_clock;

  /// `frames`: how many more pages the log may have before it is copied; `patience`: how long reads and a copy wait for each other.
  Checkpoints(int frames, std::chrono::milliseconds patience) noexcept
      : every_(frames), next_(frames), patience_(patience) {}

  /// A read that may take long, for as long as it lives.
  class Reading {
   public:
    explicit Reading(Checkpoints& checkpoints) : checkpoints_(&checkpoints) { checkpoints.enter(); }
    Reading(Reading&& other) noexcept : checkpoints_(std::exchange(other.checkpoints_, nullptr)) {}
    Reading& operator=(Reading&&) = delete;
    ~Reading() {
      if (checkpoints_) checkpoints_->leave(false);
    }
    /// Ends it. True: the log is to be copied by whoever calls, and then done() called.
    [[nodiscard]] bool end() { return std::exchange(checkpoints_, nullptr)->leave(true); }

   private:
    Checkpoints* checkpoints_;
  };

  /// `frames`: in the log after a commit. True: it is to be copied now, and then done() called. Never waits.
  bool due(int frames, Clock::time_point now);
  void done();

 private:
  void enter();
  bool leave(bool can_copy);

  const int every_;
  int next_;
  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable opened_;
  int readers_ = 0;
  bool closed_ = false;   // a copy waits for those who read
  bool copying_ = false;  // one of them makes it
  Clock::time_point closed_until_;
  int frames_ = 0;  // of the last commit
  std::optional<Clock::time_point> committed_;
  bool rarely_ = true;  // the last two commits were far apart
};

}  // namespace logystera::store::sqlite
