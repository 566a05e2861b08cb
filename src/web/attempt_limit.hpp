// How often strangers may try: a token bucket for each key (an address, a name as typed), in bounded memory. Keys share a fixed
// table by a keyed hash, so nobody can choose whose bucket he empties, and no number of keys makes it grow.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/hmac.hpp"

namespace logystera::web {

/// Seconds, of a clock that is never set: a date that jumps refills nothing.
using Elapsed = std::function<std::int64_t()>;

/// Thread-safe.
class AttemptLimit {
 public:
  struct Rate {
    double burst;
    double per_minute;
  };

  /// `secret` keys the hash: random bytes of this process.
  AttemptLimit(Rate rate, std::string_view secret, Elapsed elapsed = monotonic_seconds)
      : rate_(rate), elapsed_(std::move(elapsed)), key_(secret), buckets_(kBuckets) {}

  /// Takes one attempt from `key`, or says for how many seconds (at least 1) it has none.
  std::optional<std::uint32_t> take(std::string_view key);
  /// As take(), and takes none.
  std::optional<std::uint32_t> wait(std::string_view key);
  /// Gives one back: the attempt was no guess.
  void give_back(std::string_view key);

 private:
  static constexpr std::size_t kBuckets = 8192;
  struct Bucket {
    double spent = 0;
    std::int64_t at = 0;
  };
  Bucket& refilled(std::string_view key);
  Bucket& bucket_of(std::string_view key);
  std::optional<std::uint32_t> wait_of(const Bucket& bucket) const;

  Rate rate_;
  Elapsed elapsed_;
  HmacKey key_;
  std::mutex mutex_;
  std::vector<Bucket> buckets_;
};

}  // namespace logystera::web
