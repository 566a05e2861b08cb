#include "detect/grouping.hpp"

#include <array>

#include "core/hmac.hpp"

namespace logystera::detect {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
// Bytes above 0x7f are letters of some language.
constexpr bool is_word(char c) noexcept {
  return is_digit(c) || is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

constexpr std::size_t kHexBytesLeast = 6;  // shorter words of a-f are words

bool all_hex(std::string_view word) noexcept {
  for (char c : word)
    if (!is_hex(c)) return false;
  return true;
}
bool any_digit(std::string_view word) noexcept {
  for (char c : word)
    if (is_digit(c)) return true;
  return false;
}

// "ip_8390373f" → "ip"; empty if the word is no pseudonym.
std::string_view pseudonym_kind(std::string_view word) noexcept {
  const std::size_t bar = word.rfind('_');
  if (bar == std::string_view::npos || bar == 0 || word.size() - bar - 1 < 8 || !all_hex(word.substr(bar + 1))) return {};
  for (char c : word.substr(0, bar))
    if (!((c >= 'a' && c <= 'z') || is_digit(c) || c == '_')) return {};
  return word.substr(0, bar);
}

bool is_uuid(std::string_view text) noexcept {
  if (text.size() < 36) return false;
  for (std::size_t i = 0; i < 36; ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return text.size() == 36 || !is_word(text[36]);
}

// End of the text quoted at `at`, behind its closing quote; 0 if it does not close on this line. An apostrophe between
// letters (don't) opens nothing.
std::size_t quoted_end(std::string_view text, std::size_t at) noexcept {
  if (at > 0 && is_word(text[at - 1])) return 0;
  for (std::size_t i = at + 1; i < text.size() && text[i] != '\n'; ++i) {
    if (text[i] == '\\') ++i;
    else if (text[i] == text[at]) return i + 1;
  }
  return 0;
}

// A number as logs write them: digits with . , : - / + between digits count as one (times, dates, versions, sizes).
std::size_t number_end(std::string_view text, std::size_t at) noexcept {
  std::size_t i = at;
  while (i < text.size()) {
    const char c = text[i];
    const bool joins = (c == '.' || c == ',' || c == ':' || c == '-' || c == '/' || c == 'T') && i > at &&
                       is_digit(text[i - 1]) && i + 1 < text.size() && is_digit(text[i + 1]);
    if (!is_digit(c) && !joins) break;
    ++i;
  }
  return i;
}

}  // namespace

std::string message_template(std::string_view message) {
  std::string out;
  out.reserve(std::min(message.size(), kTemplateBytes));
  std::size_t i = 0;
  while (i < message.size() && is_space(message[i])) ++i;
  while (i < message.size() && out.size() < kTemplateBytes) {
    const char c = message[i];
    if (is_space(c)) {
      while (i < message.size() && is_space(message[i])) ++i;
      if (i < message.size()) out += ' ';
      continue;
    }
    if (c == '"' || c == '\'') {
      if (const std::size_t end = quoted_end(message, i)) {
        out += "<s>";
        i = end;
        continue;
      }
    }
    if (!is_word(c)) {
      out += c;
      ++i;
      continue;
    }
    if (is_uuid(message.substr(i))) {
      out += "<uuid>";
      i += 36;
      continue;
    }
    if (is_digit(c)) {
      const std::size_t end = number_end(message, i);
      if (end >= message.size() || !is_word(message[end])) {
        out += "<n>";
        i = end;
        continue;
      }
    }
    std::size_t end = i;
    while (end < message.size() && is_word(message[end])) ++end;
    const std::string_view word = message.substr(i, end - i);
    if (const std::string_view kind = pseudonym_kind(word); !kind.empty()) {
      out.append("<").append(kind).append(">");
    } else if ((word.size() > 2 && word[0] == '0' && (word[1] | 0x20) == 'x' && all_hex(word.substr(2))) ||
               (word.size() >= kHexBytesLeast && all_hex(word) && any_digit(word))) {
      out += "<hex>";
    } else if (any_digit(word)) {
      // Letters tell apart, digits do not: node17, worker_3, eth0.
      for (std::size_t k = 0; k < word.size(); ++k) {
        if (!is_digit(word[k])) out += word[k];
        else if (k == 0 || !is_digit(word[k - 1])) out += "<n>";
      }
    } else {
      out.append(word);
    }
    i = end;
  }
  if (out.size() > kTemplateBytes) out.resize(kTemplateBytes);
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string fingerprint(const Record& record) {
  Sha256 hash;
  const auto part = [&](std::string_view text) {
    hash.update(text);
    hash.update(std::string_view("\0", 1));
  };
  part(record_kind_name(record.kind));
  part(record.text(field::program));
  part(record.text(field::module));
  part(record.text(field::error_code));
  part(message_template(record.message));
  return to_hex(hash.finish()).substr(0, kFingerprintDigits);
}

}  // namespace logystera::detect
