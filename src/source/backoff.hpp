// How long to wait before what has failed is tried again: full jitter, evenly from nothing to 1 s × 2ⁿ, at most 60 s, so that many
// who failed together do not come back together. What has been well for a minute begins anew. A server's Retry-After wins.
#pragma once

#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace logystera::source {

/// For failed(): of many who start together no two wait as long.
inline std::uint32_t random_bits() noexcept {
  std::uint32_t bits = 0;
  return ::getrandom(&bits, sizeof bits, 0) == sizeof bits ? bits : 0x8000'0000;
}

class Backoff {
 public:
  using Clock = std::chrono::steady_clock;
  using Wait = std::chrono::milliseconds;

  static constexpr Wait kFirst{1'000}, kMost{60'000}, kHealth{60'000}, kRetryAfterMost{3'600'000};

  /// `least`: no attempt comes sooner after a failure.
  explicit Backoff(Wait least = Wait(0)) noexcept : least_(least) {}

  /// It works: what fails from a minute on from here is the first failure again. Only the first call after a failure counts.
  void works(Clock::time_point now) noexcept {
    if (!works_since_) works_since_ = now;
  }
  /// It failed: how long to wait. `random` is any 32 random bits.
  Wait failed(Clock::time_point now, std::uint32_t random, std::optional<Wait> retry_after = std::nullopt) noexcept {
    if (works_since_ && now - *works_since_ >= kHealth) failures_ = 0;
    works_since_.reset();
    const Wait ceiling = std::min(kMost, kFirst * (std::int64_t{1} << std::min(failures_, 6u)));
    ++failures_;
    if (retry_after) return std::clamp(*retry_after, Wait(0), kRetryAfterMost);
    return std::max(least_, Wait(static_cast<std::int64_t>(static_cast<std::uint64_t>(ceiling.count()) * random >> 32)));
  }
  unsigned failures() const noexcept { return failures_; }

 private:
  Wait least_;
  unsigned failures_ = 0;  // in a row
  std::optional<Clock::time_point> works_since_;
};

}  // namespace logystera::source
