// Batches on their way from the writer to the detector, so that what has just been written need not be read back. Bounded by bytes: one
// that finds no room is left out and counted, and the detector reads its events from the store.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "store/event_store.hpp"

namespace logystera::processor {

/// Thread-safe.
class Ring {
 public:
  static constexpr std::size_t kBytes = 32 * 1024 * 1024;

  explicit Ring(std::size_t bytes = kBytes) : most_(bytes) {}

  void push(store::StoredBatch batch) {
    const std::size_t size = size_of(batch);
    {
      const std::lock_guard lock(mutex_);
      if (bytes_ + size > most_) {
        ++dropped_;
      } else {
        bytes_ += size;
        batches_.push_back({std::move(batch), size});
      }
      news_ = true;
    }
    wake_.notify_one();
  }
  /// The oldest; none: there is none.
  std::optional<store::StoredBatch> pop() {
    const std::lock_guard lock(mutex_);
    if (batches_.empty()) return std::nullopt;
    store::StoredBatch out = std::move(batches_.front().batch);
    bytes_ -= batches_.front().size;
    batches_.pop_front();
    return out;
  }
  /// Waits until something comes, wake() is called or the time is over.
  template <typename Duration>
  void wait_for(Duration most) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, most, [this] { return news_ || !batches_.empty(); });
    news_ = false;
  }
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      news_ = true;
    }
    wake_.notify_one();
  }
  std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  struct Held {
    store::StoredBatch batch;
    std::size_t size;
  };
  // With what else the owner holds: a line is about half of that.
  static std::size_t size_of(const store::StoredBatch& stored) {
    std::size_t bytes = 0;
    for (const store::NewEvent& event : stored.batch.events)
      bytes += event.line.size() + sizeof event + sizeof(std::uint64_t);
    return bytes;
  }

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Held> batches_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  bool news_ = false;
};

}  // namespace logystera::processor
