// A token bucket per entity: `rate` events a second on average, `burst` at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace logystera::gateway {

struct RateLimit {
  double events_per_second = 10'000;  // 0: no limit
  double burst = 600'000;             // a full 50 MB buffer drains at once
};

/// Thread-safe. Only entities that exist may be asked for, which bounds its memory.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  explicit RateLimiter(RateLimit limit) : limit_(limit) {}

  /// Seconds (at least 1) until `entity` may send again, or nothing when it may now.
  std::optional<std::uint32_t> wait(std::string_view entity, Clock::time_point now);
  /// As wait(). When the entity may send, `most` events are held for its batch until settle(), so that batches which
  /// arrive together do not all pass on the same balance.
  std::optional<std::uint32_t> reserve(std::string_view entity, std::size_t most, Clock::time_point now);
  /// Ends what reserve() held and charges what was sent; the balance may go below zero, so that a batch is never split.
  void settle(std::string_view entity, std::size_t most, std::size_t events, Clock::time_point now);

 private:
  struct Bucket {
    double balance;
    Clock::time_point at;
    double held = 0;
  };
  std::optional<std::uint32_t> wait_of(const Bucket& bucket) const;
  Bucket& refilled(std::string_view entity, Clock::time_point now);

  RateLimit limit_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace logystera::gateway
