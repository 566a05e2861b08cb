#include "agent/backoff.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <string_view>

#include "core/limits.hpp"

namespace logystera::agent {
namespace {

constexpr std::uint32_t kJitterShare = 5;  // a fifth on top of what the gateway asked for

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == '\n')) {
    text.remove_suffix(1);
  }
  return text;
}

std::uint32_t clamped(std::int64_t seconds) noexcept {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, limits::kRetryAfterMaxSeconds));
}

std::optional<std::uint32_t> parse_one(std::string_view value, std::int64_t wall) {
  value = trimmed(value);
  if (value.empty()) return std::nullopt;
  if (std::all_of(value.begin(), value.end(), is_digit)) {
    std::int64_t seconds = 0;
    for (const char c : value) seconds = std::min<std::int64_t>(seconds * 10 + (c - '0'), limits::kRetryAfterMaxSeconds);
    return clamped(seconds);
  }
  // A date begins with the name of a day; curl_getdate would also read much that is none.
  if (is_digit(value.front()) || value.front() == '-' || value.size() < 20 || value.size() > 40) return std::nullopt;
  const time_t date = curl_getdate(std::string(value).c_str(), nullptr);
  if (date == -1) return std::nullopt;
  return clamped(static_cast<std::int64_t>(date) - wall);
}

}  // namespace

std::uint32_t backoff_ceiling(std::uint32_t failures) noexcept {
  std::uint32_t ceiling = limits::kBackoffBaseSeconds;
  for (std::uint32_t n = 1; n < failures && ceiling < limits::kBackoffCapSeconds; ++n) ceiling *= 2;
  return std::min(ceiling, limits::kBackoffCapSeconds);
}

std::uint32_t spread(std::uint32_t ceiling, std::uint32_t random) noexcept {
  const std::uint32_t floor = ceiling / 2;
  return floor + random % (ceiling - floor + 1);
}

std::uint32_t throttled_delay(std::uint32_t delay, std::uint32_t retry_after, std::uint32_t random) noexcept {
  const std::uint32_t longer = std::min(std::max(delay, retry_after), limits::kRetryAfterMaxSeconds);
  return std::min(longer + random % (longer / kJitterShare + 1), limits::kRetryAfterMaxSeconds);
}

std::optional<std::uint32_t> parse_retry_after(const std::vector<std::string>& values, std::int64_t wall) noexcept try {
  std::optional<std::uint32_t> longest;
  for (const std::string& value : values) {
    const std::optional<std::uint32_t> seconds = parse_one(value, wall);
    if (seconds && (!longest || *seconds > *longest)) longest = seconds;
  }
  return longest;
} catch (...) {
  return std::nullopt;
}

std::uint32_t Wait::left(const Moment& at) const noexcept {
  const std::int64_t passed = std::max<std::int64_t>(seconds_between(from, at), 0);
  return passed >= seconds ? 0 : seconds - static_cast<std::uint32_t>(passed);
}

bool Wait::clock_went_back(const Moment& at) const noexcept { return seconds != 0 && seconds_between(from, at) < 0; }

}  // namespace logystera::agent
