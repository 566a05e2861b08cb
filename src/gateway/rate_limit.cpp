#include "gateway/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace logystera::gateway {
namespace {

constexpr double kWaitSecondsMax = 3600;

}  // namespace

RateLimiter::Bucket& RateLimiter::refilled(std::string_view entity, Clock::time_point now) {
  auto [place, fresh] = buckets_.try_emplace(std::string(entity), Bucket{limit_.burst, now});
  Bucket& bucket = place->second;
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  bucket.balance = std::min(limit_.burst, bucket.balance + std::max(0.0, seconds) * limit_.events_per_second);
  bucket.at = now;
  return bucket;
}

std::optional<std::uint32_t> RateLimiter::wait(std::string_view entity, Clock::time_point now) {
  if (limit_.events_per_second <= 0) return std::nullopt;
  std::lock_guard lock(mutex_);
  const double balance = refilled(entity, now).balance;
  if (balance >= 1) return std::nullopt;
  const double seconds = std::ceil((1 - balance) / limit_.events_per_second);
  return static_cast<std::uint32_t>(std::clamp(seconds, 1.0, kWaitSecondsMax));
}

void RateLimiter::charge(std::string_view entity, std::size_t events, Clock::time_point now) {
  if (limit_.events_per_second <= 0) return;
  std::lock_guard lock(mutex_);
  refilled(entity, now).balance -= static_cast<double>(events);
}

}  // namespace logystera::gateway
