#include "api/rate.hpp"

#include <algorithm>
#include <cmath>

namespace logystera::api {

double Rates::refilled(const Bucket& bucket, Clock::time_point now) const noexcept {
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  return std::min(rate_.burst, bucket.balance + std::max(0.0, seconds) * rate_.per_second);
}

Rates::Taken Rates::take(const std::string& asker, Clock::time_point now) {
  if (rate_.per_second <= 0) return {true, UINT32_MAX, 0, 0};
  const std::lock_guard lock(mutex_);
  std::string key = asker;
  if (!buckets_.contains(key) && buckets_.size() >= kAskersMost) {
    // Who has a full bucket is as one who never came.
    std::erase_if(buckets_, [&](const auto& one) { return refilled(one.second, now) >= rate_.burst; });
    if (buckets_.size() >= kAskersMost) key.clear();
  }
  Bucket& bucket = buckets_.try_emplace(key, Bucket{rate_.burst, now}).first->second;
  bucket.balance = refilled(bucket, now);
  bucket.at = now;
  Taken taken;
  taken.allowed = bucket.balance >= 1;
  if (taken.allowed) bucket.balance -= 1;
  taken.left = static_cast<std::uint32_t>(bucket.balance);
  taken.full_seconds = static_cast<std::uint32_t>(std::ceil((rate_.burst - bucket.balance) / rate_.per_second));
  if (bucket.balance < 1)
    taken.next_seconds = static_cast<std::uint32_t>(std::ceil((1 - bucket.balance) / rate_.per_second));
  return taken;
}

}  // namespace logystera::api
