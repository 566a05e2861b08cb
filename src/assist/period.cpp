#include "assist/period.hpp"

#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace logystera::assist {
namespace {

constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 24 * kHour, kLongest = 3660;  // of any unit

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
      // "24h": a number and its unit.
      if (!word.empty() && word.back() >= '0' && word.back() <= '9' && lower >= 'a')
        words.push_back(std::exchange(word, {}));
      word += lower;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

// 0: no unit.
std::int64_t unit_of(std::string_view word) noexcept {
  if (word.size() > 1 && word.ends_with('s')) word.remove_suffix(1);
  if (word == "minute" || word == "min" || word == "m") return kMinute;
  if (word == "hour" || word == "h") return kHour;
  if (word == "day" || word == "d") return kDay;
  if (word == "week" || word == "w") return 7 * kDay;
  if (word == "month") return 30 * kDay;
  if (word == "year") return 365 * kDay;
  return 0;
}

constexpr std::string_view kNumbers[] = {"one",   "two",   "three", "four", "five",   "six",
                                         "seven", "eight", "nine",  "ten",  "eleven", "twelve"};

std::optional<std::int64_t> number_of(std::string_view word) noexcept {
  for (std::size_t i = 0; i < std::size(kNumbers); ++i)
    if (kNumbers[i] == word) return static_cast<std::int64_t>(i + 1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size() || number < 1 || number > kLongest) return std::nullopt;
  return number;
}

}  // namespace

std::optional<Period> period_in(std::string_view question, std::int64_t now) {
  const std::vector<std::string> words = words_of(question);
  const std::int64_t midnight = now - (now % kDay + kDay) % kDay;
  const std::int64_t monday = midnight - ((midnight / kDay + 3) % 7) * kDay;  // 1970-01-01 was a Thursday
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "today") return Period{midnight, now + 1};
    if (words[i] == "yesterday") return Period{midnight - kDay, midnight};
    if (i + 1 == words.size()) break;
    if (words[i] == "this" && words[i + 1] == "week") return Period{monday, now + 1};
    if (words[i] == "this" && unit_of(words[i + 1]) != 0) return Period{now - unit_of(words[i + 1]), now + 1};
    if (words[i] != "last" && words[i] != "past" && words[i] != "previous" && words[i] != "since") continue;
    if (const std::int64_t unit = unit_of(words[i + 1]); unit != 0) return Period{now - unit, now + 1};
    const auto number = number_of(words[i + 1]);
    if (!number || i + 2 == words.size()) continue;
    if (const std::int64_t unit = unit_of(words[i + 2]); unit != 0) return Period{now - *number * unit, now + 1};
  }
  return std::nullopt;
}

}  // namespace logystera::assist
