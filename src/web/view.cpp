#include <fmt/core.h>

#include <ctime>

#include "web/view.hpp"

namespace logystera::web {
namespace {

constexpr std::int64_t kFirst = -62'135'596'800, kLast = 253'402'300'799;  // of the years 1 and 9999
constexpr int kEpochYear = 1900;                                           // of tm_year
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool broken_down(std::int64_t seconds, std::tm& parts) {
  const std::time_t time = seconds;
  return seconds >= kFirst && seconds <= kLast && ::gmtime_r(&time, &parts) != nullptr;
}

}  // namespace

std::string iso_time(std::int64_t seconds) {
  std::tm parts{};
  if (!broken_down(seconds, parts)) return {};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + kEpochYear, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string utc_words(std::int64_t seconds) {
  std::tm parts{};
  if (!broken_down(seconds, parts)) return {};
  return fmt::format("{} {} {}, {:02}:{:02} UTC", parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + kEpochYear,
                     parts.tm_hour, parts.tm_min);
}

}  // namespace logystera::web
