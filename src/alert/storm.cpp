#include "alert/storm.hpp"

#include <algorithm>

namespace logystera::alert {

Storm::Storm(StormLimits limits) noexcept : limits_(limits) {
  limits_.openings = std::min(limits_.openings, kOpeningsMost);
  limits_.calm_openings = std::clamp<std::size_t>(limits_.calm_openings, 1, kOpeningsMost);
}

std::int64_t Storm::nth_newest(std::size_t n) const noexcept {
  if (n > count_) return INT64_MIN;
  return times_[(next_ + times_.size() - n) % times_.size()];
}

Storm::Verdict Storm::opened(std::int64_t now) noexcept {
  // A clock that was set back: what is ahead of it counts as of now.
  if (count_ != 0 && nth_newest(1) > now) {
    for (std::size_t n = 1; n <= count_; ++n) {
      std::int64_t& time = times_[(next_ + times_.size() - n) % times_.size()];
      time = std::min(time, now);
    }
    digest_at_ = std::min(digest_at_, now);
    began_at_ = std::min(began_at_, now);
  }
  times_[next_] = now;
  next_ = (next_ + 1) % times_.size();
  count_ = std::min(count_ + 1, times_.size());
  if (active_) {
    ++total_;
    return Verdict::folded;
  }
  const std::int64_t oldest = nth_newest(limits_.openings + 1);
  if (oldest == INT64_MIN || oldest <= now - limits_.within_s) return Verdict::tell;
  active_ = true;
  began_at_ = digest_at_ = now;
  total_ = limits_.openings + 1;
  return Verdict::begins;
}

Storm::News Storm::tick(std::int64_t now) noexcept {
  if (!active_) return News::none;
  if (digest_at_ > now) digest_at_ = now;
  if (now - digest_at_ < limits_.digest_every_s) return News::none;
  digest_at_ = now;
  const std::int64_t tenth = nth_newest(limits_.calm_openings);
  if (tenth != INT64_MIN && tenth > now - limits_.calm_within_s) return News::digest;
  active_ = false;
  return News::ends;
}

}  // namespace logystera::alert
