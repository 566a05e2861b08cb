// How often one who asks may ask: a bucket for each token, person or address, which fills evenly.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace logystera::api {

struct Rate {
  double per_second = 60;  // 0: no limit
  double burst = 120;
};

/// Thread-safe, of bounded memory.
class Rates {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kAskersMost = 4096;  // remembered; beyond, those who come anew share one bucket

  explicit Rates(Rate rate) : rate_(rate) {}

  struct Taken {
    bool allowed = true;
    std::uint32_t left = 0;          // requests that may follow at once
    std::uint32_t full_seconds = 0;  // until all of the burst may
    std::uint32_t next_seconds = 0;  // until one more may: at least 1, and 0 if one may at once
  };
  Taken take(const std::string& asker, Clock::time_point now);
  const Rate& rate() const noexcept { return rate_; }

 private:
  struct Bucket {
    double balance;
    Clock::time_point at;
  };
  double refilled(const Bucket& bucket, Clock::time_point now) const noexcept;

  const Rate rate_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace logystera::api
