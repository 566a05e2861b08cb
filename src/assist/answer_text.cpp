#include "assist/answer_text.hpp"

#include <fmt/core.h>

#include <charconv>
#include <utility>

#include "assist/text.hpp"
#include "core/printable.hpp"

namespace logystera::assist {
namespace {

constexpr std::size_t kCitationDigits = 6;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Lines stay lines; all else that is not text is shown as what it is.
std::string safe(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\n\t\r");
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos) break;
    if (text[end] == '\n') out += '\n';
    else if (text[end] == '\t') out += ' ';
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::string AnswerText::take(std::string_view bytes) {
  if (cut_) return {};
  held_ += bytes;
  const std::string text = std::exchange(held_, {});
  return limited(shown(text, false));
}

std::string AnswerText::finish() {
  if (cut_) return {};
  const std::string text = std::exchange(held_, {});
  return limited(shown(text, true));
}

std::string AnswerText::shown(std::string_view text, bool last) {
  std::string out;
  std::size_t begin = 0;
  for (std::size_t at = 0; (at = text.find('[', at)) != std::string_view::npos;) {
    std::size_t end = at + 1;
    while (end < text.size() && is_digit(text[end]) && end - at <= kCitationDigits) ++end;
    if (end == text.size() && !last) {  // it may go on
      held_ = text.substr(at);
      return out + safe(text.substr(begin, at - begin));
    }
    std::size_t number = 0;
    if (end < text.size() && text[end] == ']' && end > at + 1) {
      std::from_chars(text.data() + at + 1, text.data() + end, number);
      if (number == 0 || number > passages_) {
        out += safe(text.substr(begin, end - begin)) + ": no such passage]";
        ++invented_;
        begin = end + 1;
      }
    }
    at = end;
  }
  std::string_view rest = text.substr(begin);
  if (!last) {
    const std::string_view whole = whole_characters(rest);
    held_ = rest.substr(whole.size());
    rest = whole;
  }
  return out + safe(rest);
}

std::string AnswerText::limited(std::string text) {
  if (shown_ + text.size() > kAnswerBytes) {
    text = std::string(whole_characters(std::string_view(text).substr(0, kAnswerBytes - shown_))) + "…";
    cut_ = true;
  }
  shown_ += text.size();
  return text;
}

}  // namespace logystera::assist
