// The time retention goes by: the wall's, unless that has gone ahead faster than time can.
//
// A clock that jumps ahead by years would make everything too old at once. So each round goes at most a step beyond the one before:
// whoever sets the clock right again within days has lost a few hours' worth of what was oldest, and after a long pause of the server
// what is too old goes within days instead of minutes. A clock that is set back removes nothing it would not have removed before.
#pragma once

#include <cstdint>

#include "core/result.hpp"
#include "store/setting_store.hpp"

namespace logystera::store {

/// Of rounds that follow each other by ten minutes: a day of the clock for each hour.
inline constexpr std::int64_t kRetentionStepSeconds = 4 * 3600;

struct RetentionTime {
  std::int64_t now = 0;            // what a round goes by, unix seconds
  std::int64_t ahead_seconds = 0;  // by how much the wall's clock is ahead of it; 0: it is the same
};

/// The time of a round that begins when the wall says `wall`, noted in the settings for the next. The first round of all goes by the
/// wall, but not more than a step beyond `newest`, when the newest event was received (0: there is none).
Result<RetentionTime> next_retention_time(SettingStore& settings, std::int64_t wall, std::int64_t newest);

}  // namespace logystera::store
