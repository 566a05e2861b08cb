#include "filter/moment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "core/clock.hpp"
#include "core/printable.hpp"
#include "parse/timestamp.hpp"

namespace logystera::filter {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kNightBegins = 18 * 3600, kNightEnds = 6 * 3600;  // of the clock
constexpr std::int64_t kSecondsMost = 9'000'000'000;                     // the year 2255: what nanoseconds hold
constexpr std::array<std::string_view, 7> kWeekdays = {"monday", "tuesday",  "wednesday", "thursday",
                                                       "friday", "saturday", "sunday"};

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// The clock of a zone: which day it is there, and when it shows what.
class Clock {
 public:
  explicit Clock(const Now& now) : zone_(now.zone ? now.zone : parse::Zone::utc()), now_(now.seconds) {
    const std::int64_t reading = now_ + zone_->offset_at(now_);
    today_ = reading / kDaySeconds - (reading % kDaySeconds < 0);
  }
  std::int64_t now() const noexcept { return now_; }
  std::int64_t today() const noexcept { return today_; }  // days since 1970-01-01
  /// When the clock shows so many seconds after the beginning of that day.
  std::int64_t at(std::int64_t day, std::int64_t seconds) const noexcept {
    return zone_->from_local(day * kDaySeconds + seconds).first;
  }
  Moment whole_day(std::int64_t day) const noexcept { return period(at(day, 0), at(day + 1, 0)); }
  /// The night that begins on that day.
  Moment night(std::int64_t day) const noexcept { return period(at(day, kNightBegins), at(day + 1, kNightEnds)); }

  static Moment period(std::int64_t begin, std::int64_t end) noexcept { return {begin * kSecondNs, end * kSecondNs}; }
  static Moment point(std::int64_t seconds) noexcept { return period(seconds, seconds); }

 private:
  std::shared_ptr<const parse::Zone> zone_;
  std::int64_t now_, today_ = 0;
};

// "2h", "1d12h": seconds.
std::optional<std::int64_t> span_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  static constexpr std::pair<char, std::int64_t> kUnits[] = {
      {'s', 1}, {'m', 60}, {'h', 3600}, {'d', kDaySeconds}, {'w', 7 * kDaySeconds}};
  std::int64_t sum = 0;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0 || number > kSecondsMost || end == text.data() + text.size())
      return std::nullopt;
    std::int64_t unit = 0;
    for (const auto& [letter, seconds] : kUnits)
      if (*end == letter) unit = seconds;
    if (unit == 0 || number > kSecondsMost / unit) return std::nullopt;
    sum += number * unit;
    if (sum > kSecondsMost) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end + 1 - text.data()));
  }
  return sum;
}

// "2 hours": seconds.
std::optional<std::int64_t> span_in_words(std::string_view text) {
  static constexpr std::string_view kWords[] = {"s", "sec",  "second", "m",   "min", "minute",
                                                "h", "hour", "d",      "day", "w",   "week"};
  const std::size_t blank = text.find(' ');
  if (blank == 0 || blank == std::string_view::npos) return std::nullopt;
  std::string_view word = text.substr(blank + 1);
  if (word.size() > 1 && word.back() == 's') word.remove_suffix(1);
  if (std::find(std::begin(kWords), std::end(kWords), word) == std::end(kWords)) return std::nullopt;
  for (const char c : text.substr(0, blank))
    if (!is_digit(c)) return std::nullopt;
  return span_of(std::string(text.substr(0, blank)) + word.front());
}

// "10:00", "10:00:01": seconds of the day.
std::optional<std::int64_t> time_of_day(std::string_view text) {
  const bool with_seconds = text.size() == 8;
  if (text.size() != 5 && !with_seconds) return std::nullopt;
  std::int64_t parts[3] = {};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2) {
      if (text[i] != ':') return std::nullopt;
      continue;
    }
    if (!is_digit(text[i])) return std::nullopt;
    parts[i / 3] = parts[i / 3] * 10 + (text[i] - '0');
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  return parts[0] * 3600 + parts[1] * 60 + parts[2];
}

// "2026-05-18": days since 1970-01-01.
std::optional<std::int64_t> date_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  int year = 0, month = 0, day = 0;
  for (const auto& [from, size, into] : {std::tuple(0, 4, &year), std::tuple(5, 2, &month), std::tuple(8, 2, &day)}) {
    const auto [end, error] = std::from_chars(text.data() + from, text.data() + from + size, *into);
    if (error != std::errc() || end != text.data() + from + size) return std::nullopt;
  }
  constexpr int kYearLeast = 1970, kYearMost = 2200;
  if (year < kYearLeast || year > kYearMost || month < 1 || month > 12 || day < 1) return std::nullopt;
  const std::int64_t first = parse::days_from_civil(year, static_cast<unsigned>(month), 1);
  const std::int64_t next = month == 12 ? parse::days_from_civil(year + 1, 1, 1)
                                        : parse::days_from_civil(year, static_cast<unsigned>(month) + 1, 1);
  if (day > next - first) return std::nullopt;
  return first + day - 1;
}

// "today", "monday", "2026-05-18": a day.
std::optional<std::int64_t> day_of(std::string_view text, const Clock& clock) {
  if (text == "today") return clock.today();
  if (text == "yesterday") return clock.today() - 1;
  for (std::size_t i = 0; i < kWeekdays.size(); ++i) {
    if (text != kWeekdays[i]) continue;
    const std::int64_t weekday = (clock.today() % 7 + 7 + 3) % 7;  // 1970-01-01 was a Thursday
    return clock.today() - (weekday - static_cast<std::int64_t>(i) + 7) % 7;
  }
  return date_of(text);
}

// Whoever asks at 05:00 for last night means the one that is ending.
std::optional<Moment> night_of(std::string_view text, const Clock& clock) {
  if (text == "last night") return clock.night(clock.today() - 1);
  if (text == "tonight") return clock.night(clock.today());
  return std::nullopt;
}

// "2026-05-18 10:00", "yesterday 22:30:01.5": a day and a time of it. A zone behind a date is for the readers of logs.
std::optional<Moment> day_and_time(std::string_view text, const Now& now, const Clock& clock) {
  constexpr std::size_t kDateBytes = 10;
  const bool dated = is_digit(text[0]);
  const std::size_t blank = dated ? kDateBytes : text.find(' ');
  if (blank >= text.size() || (text[blank] != ' ' && text[blank] != 't')) return std::nullopt;
  const auto day = day_of(text.substr(0, blank), clock);
  if (day)
    if (const auto time = time_of_day(text.substr(blank + 1))) return Clock::point(clock.at(*day, *time));
  if (!day || !dated) return std::nullopt;
  std::string iso(text);
  for (char& c : iso) c = c == 't' ? 'T' : c == 'z' ? 'Z' : c;
  // The reader of logs wants seconds, which people leave out before a zone.
  constexpr std::size_t kMinutesEnd = 16;  // of "2026-05-18T10:00"
  if (iso.size() > kMinutesEnd && iso[kMinutesEnd] != ':') iso.insert(kMinutesEnd, ":00");
  std::int64_t ns = 0;
  const parse::TimeContext context(now.seconds * kSecondNs, now.zone ? now.zone : parse::Zone::utc());
  if (parse::read_iso_time(iso, context, ns) != iso.size()) return std::nullopt;
  return Moment{ns, ns};
}

std::optional<Moment> read(std::string_view text, const Now& now) {
  if (text.empty()) return std::nullopt;
  const Clock clock(now);
  if (text == "now") return Clock::point(clock.now());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size())
    return number < 0 || number > kSecondsMost ? std::nullopt : std::optional(Clock::point(number));
  std::string_view span = text;
  const bool ago = span.ends_with(" ago");
  if (ago) span.remove_suffix(4);
  auto seconds = span_of(span);
  if (ago && !seconds) seconds = span_in_words(span);
  if (seconds) return Clock::point(clock.now() - *seconds);
  if (const auto night = night_of(text, clock)) return night;
  if (const auto day = day_of(text, clock)) return clock.whole_day(*day);
  if (const auto time = time_of_day(text)) {
    const std::int64_t at = clock.at(clock.today(), *time);
    return Clock::point(at <= clock.now() ? at : clock.at(clock.today() - 1, *time));
  }
  return day_and_time(text, now, clock);
}

Error refused(std::string_view option, std::string_view text, const Error& why) {
  return Error{fmt::format("{} {}: {}", option, printable(text.substr(0, kMomentBytes)), why.message), why.kind};
}

}  // namespace

Result<Moment> parse_moment(std::string_view text, const Now& now) {
  if (text.size() <= kMomentBytes)
    if (const auto moment = read(folded(text), now)) return *moment;
  return Error{
      "write a span before now like 90s, 30m, 24h, 7d or '2 hours ago', a day (today, yesterday, monday, 2026-05-18), "
      "'last night', a time (10:00, '2026-05-18 10:00', …T10:00:00Z), or unix seconds",
      ErrorKind::invalid};
}

Result<std::int64_t> parse_since(std::string_view option, std::string_view text, const Now& now) {
  auto moment = parse_moment(text, now);
  if (!moment) return refused(option, text, moment.error());
  return moment->begin;
}

Result<std::int64_t> parse_until(std::string_view option, std::string_view text, const Now& now) {
  auto moment = parse_moment(text, now);
  if (!moment) return refused(option, text, moment.error());
  return moment->end;
}

}  // namespace logystera::filter
