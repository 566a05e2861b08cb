#include "gateway/attempt_limit.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace logystera::gateway {
namespace {

constexpr double kSecondsAMinute = 60;
constexpr double kRounding = 1e-6;  // of a second

}  // namespace

AttemptLimit::Bucket& AttemptLimit::bucket_of(std::string_view key) {
  const Digest digest = key_.digest(key);
  std::uint32_t number;
  std::memcpy(&number, digest.data(), sizeof number);
  return buckets_[number % kBuckets];
}

std::optional<std::uint32_t> AttemptLimit::take(std::string_view key, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  Bucket& bucket = bucket_of(key);
  const double minutes = static_cast<double>(now - bucket.at) / kSecondsAMinute;
  const double spent = std::max(0.0, bucket.spent - std::max(0.0, minutes) * rate_.per_minute);
  bucket.at = now;
  if (spent + 1 > rate_.burst + kRounding) {
    bucket.spent = spent;
    return static_cast<std::uint32_t>(
        std::max(1.0, std::ceil((spent + 1 - rate_.burst) / rate_.per_minute * kSecondsAMinute - kRounding)));
  }
  bucket.spent = spent + 1;
  return std::nullopt;
}

void AttemptLimit::give_back(std::string_view key) {
  const std::lock_guard lock(mutex_);
  Bucket& bucket = bucket_of(key);
  bucket.spent = std::max(0.0, bucket.spent - 1);
}

}  // namespace logystera::gateway
