// How a site is doing, in words a person can act on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/entity_store.hpp"

namespace logystera::dashboard {

struct Health {
  std::string_view look, icon, word;  // of the badge
  std::string words;                  // why, and what to look at
  bool needs_attention = false;
};

inline constexpr std::int64_t kSilentSeconds = 2 * 3600;  // without a batch; sites send by cron, hourly at the latest
inline constexpr std::int64_t kSkewSeconds = 60;          // a fifth of what signatures allow

/// `day`: what it sent within the last 24 hours.
Health health_of(const store::Entity& site, const store::IngestHour& day, std::int64_t now);

/// "27 Nov", of a day since 1970-01-01.
std::string utc_day(std::int64_t day);

}  // namespace logystera::dashboard
