#include "gateway/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace logystera::gateway {
namespace {

constexpr double kWaitSecondsMax = 3600;

}  // namespace

RateLimiter::Bucket& RateLimiter::refilled(std::string_view entity, Clock::time_point now) {
  auto [place, fresh] = buckets_.try_emplace(std::string(entity), Bucket{limit_.burst, now, 0});
  Bucket& bucket = place->second;
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  bucket.balance = std::min(limit_.burst, bucket.balance + std::max(0.0, seconds) * limit_.events_per_second);
  bucket.at = now;
  return bucket;
}

std::optional<std::uint32_t> RateLimiter::wait_of(const Bucket& bucket) const {
  if (bucket.balance - bucket.held >= 1) return std::nullopt;
  // What is only held comes back, or is charged, within a moment.
  const double seconds = std::ceil((1 - bucket.balance) / limit_.events_per_second);
  return static_cast<std::uint32_t>(std::clamp(seconds, 1.0, kWaitSecondsMax));
}

std::optional<std::uint32_t> RateLimiter::wait(std::string_view entity, Clock::time_point now) {
  if (limit_.events_per_second <= 0) return std::nullopt;
  std::lock_guard lock(mutex_);
  return wait_of(refilled(entity, now));
}

std::optional<std::uint32_t> RateLimiter::reserve(std::string_view entity, std::size_t most, Clock::time_point now) {
  if (limit_.events_per_second <= 0) return std::nullopt;
  std::lock_guard lock(mutex_);
  Bucket& bucket = refilled(entity, now);
  const auto seconds = wait_of(bucket);
  if (!seconds) bucket.held += static_cast<double>(most);
  return seconds;
}

void RateLimiter::settle(std::string_view entity, std::size_t most, std::size_t events, Clock::time_point now) {
  if (limit_.events_per_second <= 0) return;
  std::lock_guard lock(mutex_);
  Bucket& bucket = refilled(entity, now);
  bucket.held = std::max(0.0, bucket.held - static_cast<double>(most));
  bucket.balance -= static_cast<double>(events);
}

}  // namespace logystera::gateway
