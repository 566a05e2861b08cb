#include "dashboard/health.hpp"

#include <fmt/core.h>

#include <cstdlib>

#include "dashboard/page.hpp"
#include "web/view.hpp"

namespace logystera::dashboard {

Health health_of(const store::Entity& site, const store::IngestHour& day, std::int64_t now) {
  const auto healthy = [](std::string_view word, std::string words) {
    return Health{"good", "ok", word, std::move(words), false};
  };
  const auto ill = [](std::string_view look, std::string_view icon, std::string_view word, std::string words) {
    return Health{look, icon, word, std::move(words), true};
  };
  if (site.revoked_at != 0) return {"informational", "hidden", "Disconnected", "it ended its connection itself", false};
  if (site.disabled) return {"informational", "hidden", "Disabled", "what it sends is refused", false};
  if (site.last_seen_at == 0) return ill("medium", "medium", "Waiting", "nothing has come yet");
  const std::int64_t silent = now - site.last_seen_at;
  if (silent >= kSilentSeconds) {
    return ill("high", "high", "Silent", fmt::format("no batch for {}: does its cron run?", span_words(silent)));
  }
  if (day.rejected > 0) {
    return ill("medium", "medium", "Refused lines",
               counted(day.rejected, "line was refused", "lines were refused") + " in 24 h");
  }
  if (site.clock_skew && std::llabs(*site.clock_skew) >= kSkewSeconds) {
    return ill("medium", "medium", "Clock",
               fmt::format("its clock is {} {}", span_words(std::llabs(*site.clock_skew)),
                           *site.clock_skew > 0 ? "ahead" : "behind"));
  }
  return healthy("Well", {});
}

std::string utc_day(std::int64_t day) {
  const std::string words = web::utc_words(day * kDay);
  const std::size_t year = words.rfind(' ', words.find(','));
  return words.substr(0, year);
}

}  // namespace logystera::dashboard
