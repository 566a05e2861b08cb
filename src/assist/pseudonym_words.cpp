#include "assist/pseudonym_words.hpp"

#include "assist/text.hpp"
#include "redact/pseudonym.hpp"

namespace logystera::assist {
namespace {

bool is_word(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Nothing but escapes of what is not seen, their backslashes doubled or not. An escape of a letter is that letter.
bool is_escapes(std::string_view text) noexcept {
  constexpr std::size_t kDigits = 4;
  bool any = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = at;
    while (at < text.size() && text[at] == '\\') ++at;
    if (at == from || at + kDigits >= text.size() || text[at] != 'u') return false;
    char32_t point = 0;
    for (const char c : text.substr(at + 1, kDigits)) {
      if (c >= '0' && c <= '9') point = point << 4 | static_cast<char32_t>(c - '0');
      else if (c >= 'A' && c <= 'F') point = point << 4 | static_cast<char32_t>(c - 'A' + 10);
      else return false;
    }
    if (!is_unseen(point)) return false;
    any = true;
    at += 1 + kDigits;
  }
  return any;
}

}  // namespace

PseudonymWords::PseudonymWords(const std::vector<redact::Pattern>& own) {
  for (std::size_t kind = 0; kind < redact::kKinds; ++kind)
    prefixes_.emplace_back(redact::kind_prefix(static_cast<redact::Kind>(kind)));
  for (const redact::Pattern& pattern : own) prefixes_.push_back(pattern.prefix());
}

bool PseudonymWords::hold(std::string_view text, const redact::Hit& hit) const {
  std::size_t begin = hit.begin, end = hit.end;
  if (is_escapes(text.substr(begin, end - begin))) return true;
  // A finding may be the mask with its brackets, or what stands between them.
  if (end - begin > 2 && text[begin] == '<' && text[end - 1] == '>') {
    ++begin;
    --end;
  }
  for (std::size_t at = begin; at < end; ++at)
    if (!is_word(text[at])) return false;
  while (begin > 0 && is_word(text[begin - 1])) --begin;
  while (end < text.size() && is_word(text[end])) ++end;
  const std::string_view word = text.substr(begin, end - begin);
  for (const std::string& prefix : prefixes_) {
    if (word == prefix && begin > 0 && text[begin - 1] == '<' && end < text.size() && text[end] == '>') return true;
    if (word.size() < prefix.size() + 1 + redact::kPseudonymDigits || !word.starts_with(prefix) ||
        word[prefix.size()] != '_')
      continue;
    if (word.find_first_not_of("0123456789abcdef", prefix.size() + 1) == std::string_view::npos) return true;
  }
  return false;
}

}  // namespace logystera::assist
