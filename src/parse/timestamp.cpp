// One file: all forms of a time are read with the same few steps (a clock, its fraction, its zone, the year it lacks), which can be
// inlined in each of them here: most lines of a log have a time. TimeContext is what those steps ask.
#include "parse/timestamp.hpp"

#include <algorithm>
#include <cstring>

#include "core/clock.hpp"

namespace logystera::parse {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Exactly `digits` decimal digits at `at`, or -1.
int fixed(std::string_view text, std::size_t at, unsigned digits) noexcept {
  if (at + digits > text.size()) return -1;
  int number = 0;
  for (unsigned i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (!is_digit(c)) return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

// 1-12 for Jan … Dec (first letter capital, as every program writes it), or 0.
unsigned month_number(std::string_view text, std::size_t at) noexcept {
  if (at + 3 > text.size()) return 0;
  constexpr char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  for (unsigned month = 0; month < 12; ++month) {
    if (std::memcmp(text.data() + at, names + 3 * month, 3) == 0) return month + 1;
  }
  return 0;
}

bool leap(std::int64_t year) noexcept { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

struct Civil {
  std::int64_t year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0, second = 0;
  std::int64_t nanos = 0;
  bool local = true;              // read from the context's clock,
  std::int32_t zone_seconds = 0;  // or else from one that far east of UTC
};

// Seconds from 1970-01-01 00:00:00 on the clock it was read from; false if there is no such date and time.
bool to_reading(const Civil& civil, std::int64_t& reading) noexcept {
  constexpr unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (civil.year < 1678 || civil.year > 2261 || civil.month < 1 || civil.month > 12 || civil.day < 1) return false;
  const unsigned last = days[civil.month - 1] + (civil.month == 2 && leap(civil.year) ? 1 : 0);
  // Second 60 is a leap second and reads as the next second.
  if (civil.day > last || civil.hour < 0 || civil.hour > 23 || civil.minute < 0 || civil.minute > 59 || civil.second < 0 ||
      civil.second > 60) {
    return false;
  }
  reading =
      days_from_civil(civil.year, civil.month, civil.day) * 86'400 + civil.hour * 3'600 + civil.minute * 60 + civil.second;
  return true;
}

bool to_ns(const Civil& civil, const TimeContext& context, std::int64_t& ns) noexcept {
  std::int64_t reading;
  if (!to_reading(civil, reading)) return false;
  ns = (civil.local ? context.from_local(reading) : reading - civil.zone_seconds) * kSecondNs + civil.nanos;
  return true;
}

// "10:00:01"
bool read_clock(std::string_view text, std::size_t at, Civil& civil) noexcept {
  if (at + 8 > text.size() || text[at + 2] != ':' || text[at + 5] != ':') return false;
  civil.hour = fixed(text, at, 2);
  civil.minute = fixed(text, at + 3, 2);
  civil.second = fixed(text, at + 6, 2);
  return (civil.hour | civil.minute | civil.second) >= 0;
}

// ".123456" or ",123": moves `at` behind it.
void read_fraction(std::string_view text, std::size_t& at, Civil& civil) noexcept {
  if (at + 1 >= text.size() || (text[at] != '.' && text[at] != ',') || !is_digit(text[at + 1])) return;
  std::int64_t unit = kSecondNs;
  for (++at; at < text.size() && is_digit(text[at]); ++at) {
    unit /= 10;
    civil.nanos += unit * (text[at] - '0');
  }
}

// "Z", "+02:00", "+0200", "+02": moves `at` behind it and says whether there was one.
bool read_zone(std::string_view text, std::size_t& at, Civil& civil) noexcept {
  if (at < text.size() && text[at] == 'Z') {
    civil.local = false;
    civil.zone_seconds = 0;
    ++at;
    return true;
  }
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return false;
  const int hours = fixed(text, at + 1, 2);
  if (hours < 0 || hours > 18) return false;
  std::size_t end = at + 3;
  int minutes = 0;
  const std::size_t colon = end < text.size() && text[end] == ':' ? 1 : 0;
  if (const int written = fixed(text, end + colon, 2); written >= 0 && written < 60) {
    minutes = written;
    end += colon + 2;
  }
  civil.local = false;
  civil.zone_seconds = (hours * 60 + minutes) * 60 * (text[at] == '-' ? -1 : 1);
  at = end;
  return true;
}

// What "Europe/Berlin", "Etc/GMT+2" and "+02:00" are made of.
bool in_zone_name(char c) noexcept {
  const char lower = static_cast<char>(c | 0x20);
  return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '/' || c == '_' || c == '+' || c == '-' || c == ':';
}

// "UTC", "GMT", or what the context's zone calls its time then: its length, 0 if `text` begins with none of them.
std::size_t read_abbreviation(std::string_view text, const TimeContext& context, Civil& civil) noexcept {
  constexpr std::size_t kMost = 5;
  std::size_t end = 0;
  while (end < text.size() && end <= kMost && text[end] >= 'A' && text[end] <= 'Z') ++end;
  if (end < 3 || end > kMost) return 0;
  if (end < text.size() && text[end] != '+' && text[end] != '-' && text[end] != ':' && in_zone_name(text[end])) return 0;
  const std::string_view name = text.substr(0, end);
  if (name == "UTC" || name == "GMT") {
    // "UTC+02:00"; what is no offset ("GMT+2" means two things) leaves it to the context.
    const bool offset = end + 1 < text.size() && (text[end] == '+' || text[end] == '-') && is_digit(text[end + 1]);
    if (offset) return read_zone(text, end, civil) ? end : 0;
    civil.local = false;
    civil.zone_seconds = 0;
    return end;
  }
  std::int64_t reading, seconds;
  if (!to_reading(civil, reading) || !context.from_local(reading, name, seconds)) return 0;
  civil.local = false;
  civil.zone_seconds = static_cast<std::int32_t>(reading - seconds);
  return end;
}

bool one_of_week(std::string_view text) noexcept {
  constexpr char names[] = "MonTueWedThuFriSatSun";
  if (text.size() < 4 || text[3] != ' ') return false;
  for (unsigned day = 0; day < 7; ++day) {
    if (std::memcmp(text.data(), names + 3 * day, 3) == 0) return true;
  }
  return false;
}

// Whatever says the zone behind a time, a blank in front or not: moves `at` behind it.
void read_zone_behind(std::string_view text, std::size_t& at, const TimeContext& context, Civil& civil) noexcept {
  std::size_t zone_at = at;
  // "2026-05-18 10:00:01 +0200", "… +08:00" and "… UTC" put a space before the zone; "… -5 items" is none.
  if (zone_at + 1 < text.size() && text[zone_at] == ' ' && (text[zone_at + 1] == '+' || text[zone_at + 1] == '-')) {
    const std::size_t digits = zone_at + 2;
    const bool together = fixed(text, digits, 4) >= 0 && !(digits + 4 < text.size() && is_digit(text[digits + 4]));
    const bool apart = fixed(text, digits, 2) >= 0 && digits + 2 < text.size() && text[digits + 2] == ':' &&
                       fixed(text, digits + 3, 2) >= 0;
    if (together || apart) ++zone_at;
  }
  if (read_zone(text, zone_at, civil)) {
    at = zone_at;
  } else if (at < text.size() && text[at] == ' ') {
    if (const std::size_t used = read_abbreviation(text.substr(at + 1), context, civil)) at += 1 + used;
  }
}

// A time without a year: the latest that does not put it more than a day after the reference.
bool in_latest_year(Civil& civil, const TimeContext& context, std::int64_t& ns) noexcept {
  constexpr std::int64_t kDay = 86'400 * kSecondNs;
  constexpr std::int64_t kYear = 31'556'952 * kSecondNs;  // Gregorian mean
  civil.year = 1970 + context.reference_ns() / kYear + 1;
  for (int tries = 0; tries < 10; ++tries, --civil.year) {
    if (to_ns(civil, context, ns) && ns <= context.reference_ns() + kDay) return true;
  }
  return false;
}

// Digits from `at` on, at most `most` of them; -1 if there is none. Moves `at` behind them.
int take_digits(std::string_view text, std::size_t& at, unsigned most) noexcept {
  const std::size_t begin = at;
  int number = 0;
  while (at < text.size() && at - begin < most && is_digit(text[at])) number = number * 10 + (text[at++] - '0');
  return at == begin ? -1 : number;
}

// Nothing that goes on: "18:00:01" is no time in "18:00:012".
bool ends(std::string_view text, std::size_t at) noexcept { return at >= text.size() || !is_digit(text[at]); }

// "03-17 16:13:38.811" (Android), "10.30 16:49:06", "03/17 16:13:38": month first, unless it cannot be one.
std::size_t read_month_and_day(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (text.size() < 14 || text[5] != ' ' || (text[2] != '-' && text[2] != '.' && text[2] != '/')) return 0;
  Civil civil;
  const int first = fixed(text, 0, 2), second = fixed(text, 3, 2);
  if ((first | second) < 0 || !read_clock(text, 6, civil)) return 0;
  civil.month = static_cast<unsigned>(first > 12 ? second : first);
  civil.day = static_cast<unsigned>(first > 12 ? first : second);
  std::size_t at = 14;
  read_fraction(text, at, civil);
  return ends(text, at) && in_latest_year(civil, context, ns) ? at : 0;
}

// "17/06/09 20:10:40" and "17-06-09 20:10:40": year first, as loggers write it; else day or month first, whichever can be.
std::size_t read_short_year(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (text.size() < 17 || text[8] != ' ' || (text[2] != '/' && text[2] != '-') || text[5] != text[2]) return 0;
  Civil civil;
  const int parts[] = {fixed(text, 0, 2), fixed(text, 3, 2), fixed(text, 6, 2)};
  if ((parts[0] | parts[1] | parts[2]) < 0 || !read_clock(text, 9, civil)) return 0;
  std::size_t at = 17;
  read_fraction(text, at, civil);
  read_zone_behind(text, at, context, civil);
  if (!ends(text, at)) return 0;
  constexpr int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {2, 0, 1}};  // where year, month and day stand
  constexpr std::int64_t kDay = 86'400 * kSecondNs;
  for (const auto& order : orders) {
    civil.year = 2000 + parts[order[0]];
    civil.month = static_cast<unsigned>(parts[order[1]]);
    civil.day = static_cast<unsigned>(parts[order[2]]);
    if (to_ns(civil, context, ns) && (context.reference_ns() == 0 || ns <= context.reference_ns() + kDay)) return at;
  }
  return 0;
}

// Dates without marks: "081109 203615", "081109 20:36:15" (MySQL), "20260518T100001Z", "20260518 10:00:01",
// "20171223-22:15:29:606". Two numbers that can be a date and a time, and one in the past, are one.
std::size_t read_compact(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  std::size_t at = 0;
  while (at < text.size() && at <= 8 && is_digit(text[at])) ++at;
  if ((at != 6 && at != 8) || at + 6 >= text.size()) return 0;
  const bool century = at == 8;
  const char mark = text[at];
  if (mark != ' ' && mark != 'T' && !(mark == '-' && century)) return 0;
  Civil civil;
  civil.year = century ? fixed(text, 0, 4) : 2000 + fixed(text, 0, 2);
  civil.month = static_cast<unsigned>(fixed(text, century ? 4 : 2, 2));
  civil.day = static_cast<unsigned>(fixed(text, century ? 6 : 4, 2));
  ++at;
  while (mark == ' ' && at < text.size() && text[at] == ' ') ++at;  // MySQL's "260518  9:00:01"
  std::size_t end = at;
  civil.hour = take_digits(text, end, 2);
  if (end < text.size() && text[end] == ':') {
    civil.minute = take_digits(text, ++end, 2);
    if (end >= text.size() || text[end] != ':') return 0;
    civil.second = take_digits(text, ++end, 2);
    // Some write the milliseconds behind one more colon.
    if (end + 1 < text.size() && text[end] == ':' && is_digit(text[end + 1])) {
      civil.nanos = take_digits(text, ++end, 3) * 1'000'000LL;
    } else {
      read_fraction(text, end, civil);
    }
  } else if (fixed(text, at, 6) >= 0) {
    civil.minute = fixed(text, at + 2, 2);
    civil.second = fixed(text, at + 4, 2);
    end = at + 6;
    read_fraction(text, end, civil);
  } else {
    return 0;
  }
  read_zone_behind(text, end, context, civil);
  constexpr std::int64_t kDay = 86'400 * kSecondNs;
  if (!ends(text, end) || !to_ns(civil, context, ns)) return 0;
  return context.reference_ns() == 0 || ns <= context.reference_ns() + kDay ? end : 0;
}

// "2005-06-03-15.42.50.675872", as Db2 and IBM's supercomputers write it.
std::size_t read_dotted(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[10] != '-' || text[13] != '.' || text[16] != '.')
    return 0;
  Civil civil;
  civil.year = fixed(text, 0, 4);
  civil.month = static_cast<unsigned>(fixed(text, 5, 2));
  civil.day = static_cast<unsigned>(fixed(text, 8, 2));
  civil.hour = fixed(text, 11, 2);
  civil.minute = fixed(text, 14, 2);
  civil.second = fixed(text, 17, 2);
  std::size_t at = 19;
  read_fraction(text, at, civil);
  return ends(text, at) && to_ns(civil, context, ns) ? at : 0;
}

// "0517 10:00:01.123456", as glog has it behind the letter of the level.
std::size_t read_glog_clock(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (text.size() < 13 || text[4] != ' ') return 0;
  Civil civil;
  const int month = fixed(text, 0, 2), day = fixed(text, 2, 2);
  if ((month | day) < 0 || !read_clock(text, 5, civil)) return 0;
  civil.month = static_cast<unsigned>(month);
  civil.day = static_cast<unsigned>(day);
  std::size_t at = 13;
  read_fraction(text, at, civil);
  return ends(text, at) && in_latest_year(civil, context, ns) ? at : 0;
}

// "18.05.2026 10:00:01" and "05/18/2026 10:00:01".
std::size_t read_regional(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (text.size() < 19 || (text[10] != ' ' && text[10] != 'T')) return 0;
  const char mark = text[2];
  if ((mark != '.' && mark != '/') || text[5] != mark) return 0;
  Civil civil;
  const int first = fixed(text, 0, 2), second = fixed(text, 3, 2), year = fixed(text, 6, 4);
  if ((first | second | year) < 0 || !read_clock(text, 11, civil)) return 0;
  civil.year = year;
  civil.month = static_cast<unsigned>(mark == '.' ? second : first);
  civil.day = static_cast<unsigned>(mark == '.' ? first : second);
  std::size_t at = 19;
  read_fraction(text, at, civil);
  read_zone_behind(text, at, context, civil);
  return to_ns(civil, context, ns) ? at : 0;
}

// "18" or " 8" or "8", and the blank behind it: where that ends, 0 if there is none.
std::size_t read_day(std::string_view text, std::size_t at, Civil& civil) noexcept {
  if (at < text.size() && text[at] == ' ') ++at;
  const int day = take_digits(text, at, 2);
  if (day < 1 || at >= text.size() || text[at] != ' ') return 0;
  civil.day = static_cast<unsigned>(day);
  return at + 1;
}

}  // namespace

TimeContext::TimeContext(std::int64_t reference_ns, std::shared_ptr<const Zone> zone) : state_(std::make_shared<State>()) {
  state_->reference_ns = state_->zone_looked_at_ns = reference_ns;
  state_->own.zone = zone ? std::move(zone) : Zone::utc();
}

std::int64_t TimeContext::look_up(Cached& cached, std::int64_t reading) const noexcept {
  const LocalTime when = cached.zone->from_local(reading);
  if (when.until > when.from) {
    cached.from = when.from;
    cached.until = when.until;
    cached.shift = when.first - reading;
    cached.abbreviation = cached.zone->abbreviation_at(when.first);
  }
  return when.repeated() ? choose(when) : when.first;
}

// The first pass as long as it does not lead back in time, then the second.
std::int64_t TimeContext::choose(const LocalTime& when) const noexcept {
  constexpr std::int64_t kFar = kFarNs / kSecondNs;
  constexpr std::int64_t kLate = 300;  // lines of several writers are not sorted
  const auto near_it = [&](std::int64_t ns) {
    return ns != Order::kNone && ns / kSecondNs >= when.first - kFar && ns / kSecondNs <= when.second + kFar;
  };
  const Order& order = state_->order;
  std::int64_t after = Order::kNone;
  for (std::int64_t ns : {order.written_ns, order.stray_ns, order.latest_ns})
    if (near_it(ns)) after = ns / kSecondNs;
  const std::int64_t late = std::min(kLate, (when.second - when.first) / 2);
  const std::int64_t reference = state_->reference_ns / kSecondNs;
  const bool second_is_ahead = when.first <= reference + late && when.second > reference + late;
  return after == Order::kNone || when.first >= after - late || second_is_ahead ? when.first : when.second;
}

bool TimeContext::from_local(std::int64_t reading, std::string_view abbreviation,
                             std::int64_t& unix_seconds) const noexcept {
  if (!state_) return false;
  Cached& cached = state_->own;
  if (reading < cached.from || reading >= cached.until) look_up(cached, reading);
  if (reading >= cached.from && reading < cached.until) {
    unix_seconds = reading + cached.shift;
    return cached.abbreviation == abbreviation;
  }
  const LocalTime when = cached.zone->from_local(reading);
  for (std::int64_t seconds : {when.first, when.second}) {
    unix_seconds = seconds;
    if (cached.zone->abbreviation_at(seconds) == abbreviation) return true;
  }
  return false;
}

bool TimeContext::from_clock_of(std::string_view zone, std::int64_t reading, std::int64_t& unix_seconds) const noexcept {
  constexpr std::size_t kNamesMost = 16;
  if (!state_) return false;
  auto& named = state_->named;
  auto known = std::find_if(named.begin(), named.end(), [&](const auto& one) { return one.first == zone; });
  if (known == named.end()) {
    if (named.size() == kNamesMost) return false;
    auto read = Zone::named(zone);
    named.emplace_back(std::string(zone), Cached{read ? read.value() : nullptr, 0, 0, 0, {}});
    known = named.end() - 1;
  }
  Cached& cached = known->second;
  if (!cached.zone) return false;
  unix_seconds = reading >= cached.from && reading < cached.until ? reading + cached.shift : look_up(cached, reading);
  return true;
}

void TimeContext::passed_elsewhere(std::int64_t time_ns) noexcept {
  const auto apart = [time_ns](std::int64_t ns) {
    return time_ns > ns ? static_cast<std::uint64_t>(time_ns) - static_cast<std::uint64_t>(ns)
                        : static_cast<std::uint64_t>(ns) - static_cast<std::uint64_t>(time_ns);
  };
  Order& order = state_->order;
  if (order.latest_ns != Order::kNone && apart(order.latest_ns) <= static_cast<std::uint64_t>(kFarNs)) return;
  if (order.stray_ns != Order::kNone && apart(order.stray_ns) <= static_cast<std::uint64_t>(kFarNs)) {
    order.latest_ns = std::max(order.stray_ns, time_ns);
    order.stray_ns = Order::kNone;
  } else {
    order.stray_ns = time_ns;
  }
}

void TimeContext::set_now(std::int64_t now_ns) noexcept {
  constexpr std::int64_t kLookEvery = 60 * kSecondNs;
  if (!state_) return;
  state_->reference_ns = now_ns;
  const std::int64_t since = now_ns - state_->zone_looked_at_ns;
  if (since >= 0 && since < kLookEvery) return;
  state_->zone_looked_at_ns = now_ns;
  if (auto zone = Zone::current(state_->own.zone); zone != state_->own.zone) state_->own = {std::move(zone), 0, 0, 0, {}};
  state_->named.clear();
}

// Howard Hinnant's days_from_civil identity: years counted from March make the leap day the last of its year.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) noexcept {
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto of_era = static_cast<unsigned>(year - era * 400);
  const unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + (of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719'468;
}

std::size_t read_clf_time(std::string_view text, std::int64_t& ns) noexcept {
  constexpr std::size_t kSize = 26;
  if (text.size() < kSize || text[2] != '/' || text[6] != '/' || text[11] != ':' || text[20] != ' ') return 0;
  Civil civil;
  const int day = fixed(text, 0, 2), year = fixed(text, 7, 4);
  if ((day | year) < 0 || !read_clock(text, 12, civil)) return 0;
  civil.day = static_cast<unsigned>(day);
  civil.month = month_number(text, 3);
  civil.year = year;
  std::size_t at = 21;
  if (!read_zone(text.substr(0, kSize), at, civil) || at != kSize) return 0;
  return to_ns(civil, {}, ns) ? kSize : 0;
}

std::size_t read_iso_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (text.size() < 19) return 0;
  const char mark = text[4];
  if ((mark != '-' && mark != '/') || text[7] != mark || (text[10] != 'T' && text[10] != ' ' && text[10] != 't')) return 0;
  Civil civil;
  const int year = fixed(text, 0, 4), month = fixed(text, 5, 2), day = fixed(text, 8, 2);
  if ((year | month | day) < 0 || !read_clock(text, 11, civil)) return 0;
  civil.year = year;
  civil.month = static_cast<unsigned>(month);
  civil.day = static_cast<unsigned>(day);
  std::size_t at = 19;
  read_fraction(text, at, civil);
  read_zone_behind(text, at, context, civil);
  return to_ns(civil, context, ns) ? at : 0;
}

std::size_t read_syslog_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (text.size() < 14 || text[3] != ' ') return 0;
  Civil civil;
  civil.month = month_number(text, 0);
  std::size_t at = civil.month == 0 ? 0 : read_day(text, 4, civil);
  if (at == 0) return 0;
  // Cisco and others write the year as well.
  const int year = at + 4 < text.size() && text[at + 4] == ' ' ? fixed(text, at, 4) : -1;
  if (year > 0) at += 5;
  if (!read_clock(text, at, civil)) return 0;
  at += 8;
  read_fraction(text, at, civil);
  if (year <= 0) return in_latest_year(civil, context, ns) ? at : 0;
  civil.year = year;
  return to_ns(civil, context, ns) ? at : 0;
}

std::size_t read_ctime(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (!one_of_week(text) || text.size() < 23 || text[7] != ' ') return 0;
  Civil civil;
  civil.month = month_number(text, 4);
  std::size_t at = civil.month == 0 ? 0 : read_day(text, 8, civil);
  if (at == 0 || !read_clock(text, at, civil)) return 0;
  at += 8;
  read_fraction(text, at, civil);
  if (at >= text.size() || text[at] != ' ') return 0;
  ++at;
  // date(1) puts the zone in front of the year.
  std::size_t zone_end = at;
  while (zone_end < text.size() && text[zone_end] >= 'A' && text[zone_end] <= 'Z') ++zone_end;
  const std::string_view zone = text.substr(at, zone_end - at);
  if (!zone.empty()) at = zone_end + 1;
  const int year = fixed(text, at, 4);
  civil.year = year;
  if (!zone.empty() && year >= 0) read_abbreviation(zone, context, civil);
  return year >= 0 && to_ns(civil, context, ns) ? at + 4 : 0;
}

std::size_t read_php_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (text.size() < 20 || text[2] != '-' || text[6] != '-' || text[11] != ' ') return 0;
  Civil civil;
  const int day = fixed(text, 0, 2), year = fixed(text, 7, 4);
  if ((day | year) < 0 || !read_clock(text, 12, civil)) return 0;
  civil.day = static_cast<unsigned>(day);
  civil.month = month_number(text, 3);
  civil.year = year;
  std::size_t at = 20;
  read_fraction(text, at, civil);
  if (at < text.size() && text[at] == ' ') {
    std::size_t end = at + 1;
    while (end < text.size() && in_zone_name(text[end])) ++end;
    const std::string_view zone = text.substr(at + 1, end - at - 1);
    std::size_t zone_at = 0;
    if (!zone.empty()) at = end;
    if (read_abbreviation(zone, context, civil) != zone.size() && !read_zone(zone, zone_at, civil)) {
      std::int64_t reading, seconds;
      if (!to_reading(civil, reading)) return 0;
      if (context.from_clock_of(zone, reading, seconds)) {
        civil.local = false;
        civil.zone_seconds = static_cast<std::int32_t>(reading - seconds);
      }
    }
  }
  return to_ns(civil, context, ns) ? at : 0;
}

std::size_t read_epoch(std::string_view text, std::int64_t& ns) noexcept {
  constexpr std::size_t kMostDigits = 19;  // all of them fit an unsigned number
  std::size_t digits = 0;
  std::uint64_t number = 0;
  while (digits < text.size() && digits <= kMostDigits && is_digit(text[digits])) {
    if (digits < kMostDigits) number = number * 10 + static_cast<std::uint64_t>(text[digits] - '0');
    ++digits;
  }
  if (digits == 0 || text[0] == '0') return 0;
  std::uint64_t unit;
  switch (digits) {
    case 10: unit = kSecondNs; break;
    case 13: unit = 1'000'000; break;
    case 16: unit = 1'000; break;
    case kMostDigits: unit = 1; break;
    default: return 0;
  }
  // The last second is left out whole: it may have a fraction.
  if (number > (static_cast<std::uint64_t>(INT64_MAX) - kSecondNs) / unit) return 0;
  ns = static_cast<std::int64_t>(number * unit);
  std::size_t at = digits;
  if (digits == 10) {
    Civil civil;
    read_fraction(text, at, civil);
    ns += civil.nanos;
  }
  return at;
}

std::size_t read_any_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (text.size() < 10) return 0;
  if (is_digit(text[0])) {
    if (std::size_t used = read_iso_time(text, context, ns)) return used;
    if (std::size_t used = read_clf_time(text, ns)) return used;
    if (std::size_t used = read_php_time(text, context, ns)) return used;
    for (const auto read : {read_regional, read_month_and_day, read_short_year, read_compact, read_dotted})
      if (std::size_t used = read(text, context, ns)) return used;
    const std::size_t used = read_epoch(text, ns);
    return used == text.size() || (used > 0 && !is_digit(text[used]) && (text[used] | 0x20) < 'a') ? used : 0;
  }
  if (std::size_t used = read_ctime(text, context, ns)) return used;
  return read_syslog_time(text, context, ns);
}

std::size_t read_glog_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept {
  if (const std::size_t used = read_glog_clock(text, context, ns)) return used;
  return text.size() > 12 && text[8] == ' ' && text[11] == ':' ? read_compact(text, context, ns) : 0;
}

}  // namespace logystera::parse
