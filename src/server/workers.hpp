// Threads for handlers that wait: for the database, for a disk, for a costly computation. An I/O thread that waits holds up every
// connection it serves; a worker holds up the requests of its own kind alone.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "server/message.hpp"

namespace logystera::server {

/// Thread-safe.
class Workers {
 public:
  /// Of nice values, of which a thread has 19 at most (sched(7)): a thirtieth of a processor beside one thread that wants all of it.
  static constexpr int kGivesWayBy = 15;

  struct Options {
    unsigned threads = 2;
    std::size_t waiting = 64;  // requests that may wait for a thread
    /// Its threads are nicer than the program by kGivesWayBy: those who wait for a page should not slow what a site sends, and still
    /// get it on a machine whose processors are all busy.
    bool gives_way = false;
    /// The answer of a request for which there is no room; a Retry-After belongs to it. Without a status: 503 in JSON, 1 s.
    Answer full = no_answer();
  };

  explicit Workers(Options options);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False when as many wait as may, or it has stopped. Jobs must not throw.
  bool submit(std::function<void()> job);
  /// What a request that was let in goes on with: waits with the others, and is not counted. Dropped when it has stopped.
  void resume(std::function<void()> job);

  /// Drops what waits, asks what runs to end (stopping()), and takes no more. Returns at once.
  void stop() noexcept;
  /// After stop(): waits for what runs. Not from a job.
  void join() noexcept;

  /// Handlers that take long look at it.
  std::stop_token stopping() const noexcept { return stop_.get_token(); }
  const Answer& full() const noexcept { return options_.full; }

 private:
  struct Job {
    std::function<void()> run;
    bool admitted;  // by submit()
  };
  void work();

  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::size_t admitted_ = 0;  // of jobs_, those submit() let in
  bool stopped_ = false;
  std::stop_source stop_;
  std::vector<std::thread> threads_;  // last: they run as soon as they exist
};

}  // namespace logystera::server
