#include "web/attempt_limit.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace logystera::web {
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

AttemptLimit::Bucket& AttemptLimit::refilled(std::string_view key) {
  Bucket& bucket = bucket_of(key);
  const std::int64_t now = elapsed_();
  const double minutes = static_cast<double>(now - bucket.at) / kSecondsAMinute;
  bucket.spent = std::max(0.0, bucket.spent - std::max(0.0, minutes) * rate_.per_minute);
  bucket.at = now;
  return bucket;
}

std::optional<std::uint32_t> AttemptLimit::wait_of(const Bucket& bucket) const {
  if (bucket.spent + 1 <= rate_.burst + kRounding) return std::nullopt;
  return static_cast<std::uint32_t>(
      std::max(1.0, std::ceil((bucket.spent + 1 - rate_.burst) / rate_.per_minute * kSecondsAMinute - kRounding)));
}

std::optional<std::uint32_t> AttemptLimit::take(std::string_view key) {
  const std::lock_guard lock(mutex_);
  Bucket& bucket = refilled(key);
  if (const auto wait = wait_of(bucket)) return wait;
  bucket.spent += 1;
  return std::nullopt;
}

std::optional<std::uint32_t> AttemptLimit::wait(std::string_view key) {
  const std::lock_guard lock(mutex_);
  return wait_of(refilled(key));
}

void AttemptLimit::give_back(std::string_view key) {
  const std::lock_guard lock(mutex_);
  Bucket& bucket = bucket_of(key);
  bucket.spent = std::max(0.0, bucket.spent - 1);
}

}  // namespace logystera::web
