// Links in messages that snooze an alert: signed, good for a day, and for one alert, one duration and one channel. Whoever has the link
// may use it; what it leads to is a page with a button, since whoever looks through mail opens links and presses nothing.
//
//   /a/812/snooze?d=4h&c=3&e=1774298079&t=…
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/hmac.hpp"
#include "core/result.hpp"

namespace logystera::alert {

inline constexpr std::int64_t kLinkSeconds = 24 * 3600;

struct SnoozeLink {
  std::int64_t alert = 0;
  std::string duration;  // "1h", "4h", "8h", "24h" or "7d"
  std::int64_t channel = 0;
  std::int64_t expires = 0;  // unix seconds

  /// Path and query.
  std::string text(const HmacKey& key) const;
};

/// Seconds of a duration a link may have; nothing for any other text.
std::optional<std::int64_t> link_seconds(std::string_view duration) noexcept;

/// The link an address is, when `key` has signed it and it is no older than it may be. One error for all that is wrong with it but
/// its age (kind denied): nobody learns which alerts there are. Too old: kind not_found.
Result<SnoozeLink> read_link(const HmacKey& key, std::string_view alert, std::string_view duration,
                             std::string_view channel, std::string_view expires, std::string_view tag, std::int64_t now);

}  // namespace logystera::alert
