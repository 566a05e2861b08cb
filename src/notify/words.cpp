#include "notify/words.hpp"

#include <fmt/core.h>

#include <ctime>

#include "core/printable.hpp"

namespace logystera::notify {
namespace {

constexpr std::string_view kMore = "…";
constexpr std::string_view kJoiner = "\xE2\x81\xA0";  // U+2060, which is not seen and parts what it stands between

std::string calmed(std::string_view text, std::string_view meaning) {
  std::string out;
  for (const char c : text) {
    if (meaning.find(c) != meaning.npos) out += kJoiner;
    out += c;
    if (c == '@') out += kJoiner;
  }
  return out;
}

}  // namespace

std::string cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  std::size_t size = bytes > kMore.size() ? bytes - kMore.size() : 0;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size)) + std::string(kMore);
}

std::string plain(std::string_view text, std::size_t bytes) {
  std::string one(text.substr(0, 4 * bytes));
  for (char& c : one)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  return cut(printable(one), bytes);
}

std::string plain_lines(std::string_view text, std::size_t bytes) {
  std::string out;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    out += plain(line, bytes);
    if (!text.empty()) out += '\n';
    if (out.size() > bytes) break;
  }
  return cut(out, bytes);
}

std::string calm(std::string_view text, std::size_t bytes) { return cut(calmed(plain(text, bytes), ""), bytes); }
std::string calm_lines(std::string_view text, std::size_t bytes) {
  return cut(calmed(plain_lines(text, bytes), ""), bytes);
}

std::string mrkdwn(std::string_view text, std::size_t bytes) {
  std::string out;
  const std::string calmed_text = calmed(plain(text, bytes), "*_~`[#");
  for (const char c : calmed_text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string html(std::string_view text, std::size_t bytes) {
  std::string out;
  const std::string shown = plain_lines(text, bytes);
  for (const char c : shown) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '\n': out += "<br>"; break;
      default: out += c;
    }
  }
  return out;
}

std::string time_words(std::int64_t seconds, const parse::Zone& zone) {
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::int32_t east = zone.offset_at(seconds);
  const std::time_t local = seconds + east;
  std::tm parts{};
  if (!::gmtime_r(&local, &parts)) return {};
  constexpr int kEpochYear = 1900, kMinute = 60, kHour = 3600;
  const std::string day = fmt::format("{} {} {}, {:02}:{:02}", parts.tm_mday, kMonths[parts.tm_mon],
                                      parts.tm_year + kEpochYear, parts.tm_hour, parts.tm_min);
  const std::string_view name = zone.abbreviation_at(seconds);
  if (east == 0) return day + " UTC";
  const std::string offset =
      fmt::format("UTC{}{:02}:{:02}", east < 0 ? '-' : '+', std::abs(east) / kHour, std::abs(east) % kHour / kMinute);
  // Some zones have no name but their offset.
  const bool named = !name.empty() && name[0] != '+' && name[0] != '-';
  return named ? fmt::format("{} {} ({})", day, name, offset) : fmt::format("{} {}", day, offset);
}

std::string_view kind_words(News::Kind kind) noexcept {
  switch (kind) {
    case News::Kind::opened: return "opened";
    case News::Kind::reopened: return "opened again";
    case News::Kind::level_rose: return "got worse";
    case News::Kind::repeated: return "still going on";
    case News::Kind::resolved: return "resolved";
    case News::Kind::snooze_ended: return "snooze ended";
    case News::Kind::escalated: return "not acknowledged";
    case News::Kind::late: return "from the past";
    case News::Kind::channel_off: return "channel switched off";
    case News::Kind::test: return "test";
  }
  return "";
}

}  // namespace logystera::notify
