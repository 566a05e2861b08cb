// What waits between the threads that read a fleet's logs and the one that analyses: bounded, of each and of all.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "source/record_source.hpp"

namespace logystera::cli {

/// What a feed's thread hands over.
struct FleetItem {
  std::size_t feed = 0;
  RecordBatch batch;
  std::shared_ptr<const source::Part> part;  // the records point into it
  std::string label;
  source::Position position;  // behind the batch
  bool found = false;         // what the feed looked for is there, and the batch is empty
  bool last = false;          // nothing follows, and the batch is empty
};

/// Thread-safe; one thread puts for each feed, and one takes.
class FleetQueue {
 public:
  // Batches. One, and what was made of its lines, is a megabyte and more.
  static constexpr std::size_t kWaiting = 4, kAllWaiting = 24;

  explicit FleetQueue(std::size_t feeds) : waiting_(feeds) {}

  /// One feed more.
  void add() {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(0);
  }
  /// Waits until there is room, of the feed's and of all, for what it has not read yet. Room is not held: reading may take as long as
  /// another machine likes, so those who found room at the same moment may each bring a batch, and put() has them wait. False: nobody
  /// takes any more.
  bool room(std::size_t feed) {
    std::unique_lock lock(mutex_);
    wait_for_room(lock, feed);
    return !closed_;
  }
  /// Waits while too much waits; false: nobody takes any more.
  bool put(FleetItem item) {
    std::unique_lock lock(mutex_);
    wait_for_room(lock, item.feed);
    if (closed_) return false;
    ++waiting_[item.feed];
    items_.push_back(std::move(item));
    lock.unlock();
    some_.notify_one();
    return true;
  }
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
  }
  std::optional<FleetItem> take(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!some_.wait_for(lock, patience, [&] { return !items_.empty(); })) return std::nullopt;
    FleetItem item = std::move(items_.front());
    items_.pop_front();
    --waiting_[item.feed];
    lock.unlock();
    room_.notify_all();
    return item;
  }

 private:
  void wait_for_room(std::unique_lock<std::mutex>& lock, std::size_t feed) {
    room_.wait(lock, [&] { return closed_ || (waiting_[feed] < kWaiting && items_.size() < kAllWaiting); });
  }

  std::mutex mutex_;
  std::condition_variable room_, some_;
  std::deque<FleetItem> items_;
  std::vector<std::size_t> waiting_;
  bool closed_ = false;
};

}  // namespace logystera::cli
