#include "detect/text.hpp"

#include <charconv>
#include <cstring>

namespace logystera::detect {
namespace {

// Bytes of the character at the start: `?` stands for one character; a byte that begins none counts alone.
std::size_t character_size(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (size > text.size()) return 1;
  for (std::size_t i = 1; i < size; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 1;
  return size;
}

bool digits(std::string_view text, std::size_t at, std::size_t count, int& out) noexcept {
  if (at + count > text.size()) return false;
  out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  return true;
}

// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant's counting from March).
std::int64_t days_from_civil(int year, int month, int day) noexcept {
  const int y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(y - era * 400);
  const auto day_of_year = static_cast<unsigned>((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1);
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
}

int iso_week(const CivilTime& time) noexcept {
  const std::int64_t day = days_from_civil(time.year, time.month, time.day);
  const std::int64_t weekday = ((day % 7) + 7 + 3) % 7;  // Monday 0; 1970-01-01 was a Thursday
  const std::int64_t thursday = day - weekday + 3;
  std::int64_t year = time.year;
  if (thursday < days_from_civil(time.year, 1, 1)) --year;
  if (thursday >= days_from_civil(time.year + 1, 1, 1)) ++year;
  return static_cast<int>((thursday - days_from_civil(static_cast<int>(year), 1, 1)) / 7 + 1);
}

}  // namespace

bool matches(const Pattern& pattern, std::string_view text) noexcept {
  // The classic two-cursor walk: after a `*` that failed later, take one more character into the last `*` and try again.
  std::size_t piece = 0, at = 0;
  std::size_t star_piece = pattern.size() + 1, star_at = 0;
  while (true) {
    if (piece == pattern.size() && at == text.size()) return true;
    bool stepped = false;
    if (piece < pattern.size()) {
      const PatternPiece& now = pattern[piece];
      switch (now.kind) {
        case PatternPiece::Kind::any_run:
          if (piece + 1 == pattern.size()) return true;
          star_piece = piece++;
          star_at = at;
          continue;
        case PatternPiece::Kind::any_one:
          if (at < text.size()) {
            at += character_size(text.substr(at));
            ++piece;
            stepped = true;
          }
          break;
        case PatternPiece::Kind::text:
          if (text.compare(at, now.text.size(), now.text) == 0) {
            at += now.text.size();
            ++piece;
            stepped = true;
          }
          break;
      }
    }
    if (stepped) continue;
    if (star_piece > pattern.size() || star_at >= text.size()) return false;
    at = ++star_at;
    piece = star_piece + 1;
  }
}

bool number_of(std::string_view text, double& out) noexcept {
  if (text.empty()) return false;
  const bool negative = text[0] == '-';
  const std::string_view body = negative || text[0] == '+' ? text.substr(1) : text;
  if (body.empty() || !((body[0] >= '0' && body[0] <= '9') || body[0] == '.')) return false;
  auto [at, error] = std::from_chars(body.data(), body.data() + body.size(), out);
  if (error != std::errc() || at != body.data() + body.size()) return false;
  if (negative) out = -out;
  return true;
}

bool number_of(const Value& value, double& out) noexcept {
  if (value.is_number()) {
    out = value.as_real();
    return true;
  }
  return value.kind == Value::Kind::string && number_of(value.text(), out);
}

bool parse_network(std::string_view text, Network& out) noexcept {
  const std::size_t slash = text.find('/');
  if (!parse_ip(text.substr(0, slash), out.address)) return false;
  const bool v4 = text.find(':') == std::string_view::npos;
  const unsigned width = v4 ? 32 : 128;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const std::string_view tail = text.substr(slash + 1);
    if (tail.empty() || tail.size() > 3) return false;
    auto [at, error] = std::from_chars(tail.data(), tail.data() + tail.size(), bits);
    if (error != std::errc() || at != tail.data() + tail.size() || bits > width) return false;
  }
  out.bits = static_cast<std::uint8_t>(bits + (v4 ? 96 : 0));
  return true;
}

bool contains(const Network& network, const IpAddress& address) noexcept {
  const std::size_t whole = network.bits / 8;
  if (std::memcmp(network.address.bytes, address.bytes, whole) != 0) return false;
  const unsigned rest = network.bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - rest));
  return (network.address.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

bool parse_civil(std::string_view text, CivilTime& out) noexcept {
  out = {};
  if (!digits(text, 0, 4, out.year) || text.size() < 10 || text[4] != '-' || !digits(text, 5, 2, out.month) ||
      text[7] != '-' || !digits(text, 8, 2, out.day))
    return false;
  if (out.month < 1 || out.month > 12 || out.day < 1 || out.day > 31) return false;
  if (text.size() == 10) return true;
  if ((text[10] != 'T' && text[10] != ' ') || !digits(text, 11, 2, out.hour) || text.size() < 16 || text[13] != ':' ||
      !digits(text, 14, 2, out.minute))
    return false;
  return out.hour < 24 && out.minute < 60;
}

CivilTime civil_of(std::int64_t time_ns) noexcept {
  constexpr std::int64_t kNsPerMinute = 60'000'000'000;
  std::int64_t minutes = time_ns / kNsPerMinute;
  if (time_ns % kNsPerMinute < 0) --minutes;
  std::int64_t days = minutes / 1440;
  std::int64_t of_day = minutes % 1440;
  if (of_day < 0) {
    of_day += 1440;
    --days;
  }
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146097);
  const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * day_of_year + 2) / 153;
  CivilTime time;
  time.day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  time.month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  time.year = static_cast<int>(static_cast<std::int64_t>(year_of_era) + era * 400 + (time.month <= 2 ? 1 : 0));
  time.hour = static_cast<int>(of_day / 60);
  time.minute = static_cast<int>(of_day % 60);
  return time;
}

int time_part(const CivilTime& time, TimePart part) noexcept {
  switch (part) {
    case TimePart::minute: return time.minute;
    case TimePart::hour: return time.hour;
    case TimePart::day: return time.day;
    case TimePart::week: return iso_week(time);
    case TimePart::month: return time.month;
    case TimePart::year: return time.year;
  }
  return 0;
}

}  // namespace logystera::detect
