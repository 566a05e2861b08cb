#include "store/retention_clock.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace logystera::store {
namespace {

constexpr std::string_view kLast = "retention.clock";  // the furthest a round has gone by, unix seconds

Result<std::int64_t> last_of(SettingStore& settings) {
  auto text = settings.find(kLast);
  if (!text) return text.error();
  std::int64_t last = 0;
  // What cannot be read is as if there had been no round: the next goes by the newest event.
  if (text.value()) (void)std::from_chars(text.value()->data(), text.value()->data() + text.value()->size(), last);
  return last;
}

}  // namespace

Result<RetentionTime> next_retention_time(SettingStore& settings, std::int64_t wall, std::int64_t newest) {
  auto last = last_of(settings);
  if (!last) return last.error();
  const std::int64_t known = last.value() != 0 ? last.value() : newest;
  RetentionTime time{wall, 0};
  if (known != 0 && wall - known > kRetentionStepSeconds) time.now = known + kRetentionStepSeconds;
  time.ahead_seconds = wall - time.now;
  // In an empty store there is nothing a clock could remove.
  if (known != 0 && time.now > last.value()) {
    if (auto put = settings.put(kLast, std::to_string(time.now)); !put) return put.error();
  }
  return time;
}

}  // namespace logystera::store
