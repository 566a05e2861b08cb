#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kLongestWord = 13;

struct Word {
  std::string_view text;
  Severity severity;
};

constexpr Word kLevels[] = {
    {"trace", Severity::debug},      {"trc", Severity::debug},          {"debug", Severity::debug},
    {"dbg", Severity::debug},        {"fine", Severity::debug},         {"finer", Severity::debug},
    {"finest", Severity::debug},     {"verbose", Severity::debug},      {"vrb", Severity::debug},
    {"verb", Severity::debug},       {"info", Severity::info},          {"inf", Severity::info},
    {"information", Severity::info}, {"informational", Severity::info}, {"notice", Severity::info},
    {"config", Severity::info},      {"warn", Severity::warning},       {"warning", Severity::warning},
    {"wrn", Severity::warning},      {"err", Severity::error},          {"error", Severity::error},
    {"failure", Severity::error},    {"severe", Severity::error},       {"fatal", Severity::critical},
    {"ftl", Severity::critical},     {"crit", Severity::critical},      {"critical", Severity::critical},
    {"alert", Severity::critical},   {"emerg", Severity::critical},     {"emergency", Severity::critical},
    {"panic", Severity::critical},
};

// Words of failure in prose, which say how bad it is but not that somebody has to get up: that takes a level. "failed" alone is
// a warning: a failed login is nobody's error.
constexpr Word kWording[] = {
    {"panic", Severity::error},     {"emergency", Severity::error}, {"fatal", Severity::error},
    {"critical", Severity::error},  {"segfault", Severity::error},  {"oom-killer", Severity::error},
    {"error", Severity::error},     {"errors", Severity::error},    {"exception", Severity::error},
    {"fail", Severity::warning},    {"failed", Severity::warning},  {"failure", Severity::warning},
    {"warn", Severity::warning},    {"warning", Severity::warning}, {"denied", Severity::warning},
    {"refused", Severity::warning}, {"invalid", Severity::warning}, {"timeout", Severity::warning},
    {"unable", Severity::warning},  {"cannot", Severity::warning},  {"illegal", Severity::warning},
};

// Lower-cases `word` into `into`; false if it is longer than any word here.
bool lower(std::string_view word, std::array<char, kLongestWord>& into) noexcept {
  if (word.size() > kLongestWord) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    into[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return true;
}

template <std::size_t N>
const Word* look_up(const Word (&words)[N], std::string_view word) noexcept {
  std::array<char, kLongestWord> buffer;
  if (word.size() < 3 || !lower(word, buffer)) return nullptr;
  const std::string_view lowered(buffer.data(), word.size());
  for (const Word& known : words) {
    if (known.text.size() == lowered.size() && known.text[0] == lowered[0] && known.text == lowered) return &known;
  }
  return nullptr;
}

bool in_word(char c) noexcept {
  const char low = static_cast<char>(c | 0x20);
  return (low >= 'a' && low <= 'z') || c == '-';
}

}  // namespace

bool severity_of_word(std::string_view word, Severity& severity) noexcept {
  const Word* known = look_up(kLevels, word);
  if (known) severity = known->severity;
  return known != nullptr;
}

Severity severity_of_priority(unsigned priority) noexcept {
  constexpr Severity steps[] = {Severity::critical, Severity::critical, Severity::critical, Severity::error,
                                Severity::warning,  Severity::info,     Severity::info,     Severity::debug};
  return steps[priority & 7];
}

bool severity_of_letter(char letter, Severity& severity) noexcept {
  switch (letter) {
    case 'T':
    case 'V':
    case 'D': severity = Severity::debug; return true;
    case 'I':
    case 'N': severity = Severity::info; return true;
    case 'W': severity = Severity::warning; return true;
    case 'E': severity = Severity::error; return true;
    case 'F':
    case 'C':
    case 'A': severity = Severity::critical; return true;
    default: return false;
  }
}

bool level_of_token(std::string_view token, LevelPlace place, Severity& severity) noexcept {
  bool marked = place == LevelPlace::column;
  if (const std::size_t equals = token.find('='); equals != std::string_view::npos) {  // level=info
    constexpr std::string_view keys[] = {"level", "lvl", "severity", "loglevel"};
    if (std::find(std::begin(keys), std::end(keys), token.substr(0, equals)) == std::end(keys)) return false;
    token.remove_prefix(equals + 1);
    marked = true;
  }
  while (!token.empty() && std::strchr("[<(\"|", token.front())) {
    token.remove_prefix(1);
    marked = true;
  }
  while (!token.empty() && std::strchr("]>)\"|:,", token.back())) {
    // "error: x" begins with its level; "no error: x" does not.
    marked = marked || token.back() != ':' || place == LevelPlace::first;
    token.remove_suffix(1);
  }
  if (const std::size_t dot = token.rfind('.'); dot != std::string_view::npos) token.remove_prefix(dot + 1);  // prod.ERROR
  const bool capitals = std::none_of(token.begin(), token.end(), [](char c) { return c < 'A' || c > 'Z'; });
  return (marked || capitals) && severity_of_word(token, severity);
}

Severity severity_of_wording(std::string_view message) noexcept {
  constexpr std::size_t kLook = 256;
  message = message.substr(0, kLook);
  std::size_t word = 0;
  while (word < message.size() && message[word] != ' ' && message[word] != '\t') ++word;
  const std::string_view first = message.substr(0, word);
  if (Severity written; level_of_token(first, LevelPlace::first, written)) return written;
  Severity worst = Severity::info;
  for (std::size_t at = 0; at < message.size();) {
    if (!in_word(message[at])) {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    while (end < message.size() && in_word(message[end])) ++end;
    if (end - at >= 4 && end - at <= 10) {
      const Word* known = look_up(kWording, message.substr(at, end - at));
      if (known && known->severity > worst) worst = known->severity;
    }
    at = end;
  }
  return worst;
}

}  // namespace logystera::parse
