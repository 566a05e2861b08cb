#include "assist/pseudonym_words.hpp"

#include "redact/pseudonym.hpp"

namespace logystera::assist {
namespace {

bool is_word(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

PseudonymWords::PseudonymWords(const std::vector<redact::Pattern>& own) {
  for (std::size_t kind = 0; kind < redact::kKinds; ++kind)
    prefixes_.emplace_back(redact::kind_prefix(static_cast<redact::Kind>(kind)));
  for (const redact::Pattern& pattern : own) prefixes_.push_back(pattern.prefix());
}

bool PseudonymWords::hold(std::string_view text, const redact::Hit& hit) const {
  std::size_t begin = hit.begin, end = hit.end;
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
