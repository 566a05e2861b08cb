#include "alert/link.hpp"

#include <array>
#include <charconv>

#include "core/base64.hpp"

namespace logystera::alert {
namespace {

struct Duration {
  std::string_view name;
  std::int64_t seconds;
};
constexpr std::array kDurations = {Duration{"1h", 3600}, Duration{"4h", 4 * 3600}, Duration{"8h", 8 * 3600},
                                   Duration{"24h", 24 * 3600}, Duration{"7d", 7 * 24 * 3600}};

std::string tag_of(const HmacKey& key, const SnoozeLink& link) {
  const std::string message = "snooze-link/v1|" + std::to_string(link.alert) + "|" + link.duration + "|" +
                              std::to_string(link.channel) + "|" + std::to_string(link.expires);
  return base64url(bytes_of(key.digest(message)));
}

// Written as this program writes it: no sign, no zeros in front.
std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || std::to_string(number) != text) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::string SnoozeLink::text(const HmacKey& key) const {
  return "/a/" + std::to_string(alert) + "/snooze?d=" + duration + "&c=" + std::to_string(channel) +
         "&e=" + std::to_string(expires) + "&t=" + tag_of(key, *this);
}

std::optional<std::int64_t> link_seconds(std::string_view duration) noexcept {
  for (const Duration& one : kDurations) {
    if (one.name == duration) return one.seconds;
  }
  return std::nullopt;
}

Result<SnoozeLink> read_link(const HmacKey& key, std::string_view alert, std::string_view duration,
                             std::string_view channel, std::string_view expires, std::string_view tag, std::int64_t now) {
  const Error wrong{"this link is none this server has made", ErrorKind::denied};
  const auto id = number_in(alert), where = number_in(channel), until = number_in(expires);
  if (!id || !where || !until || !link_seconds(duration)) return wrong;
  SnoozeLink link{*id, std::string(duration), *where, *until};
  if (!equal_constant_time(tag_of(key, link), tag)) return wrong;
  // No link is good for longer than a day, whatever it says.
  if (now >= link.expires || link.expires > now + kLinkSeconds) {
    return Error{"this link was good for a day, which is over", ErrorKind::not_found};
  }
  return link;
}

}  // namespace logystera::alert
