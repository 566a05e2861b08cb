#include "redact/unescape.hpp"

#include <algorithm>
#include <cstring>

#include "redact/bytes.hpp"

namespace logystera::redact {
namespace {

constexpr bool is_printable(unsigned code) noexcept { return code > 0x1F && code < 0x7F; }

constexpr unsigned hex_value(char c) noexcept {
  return is_digit(c) ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(lower(c) - 'a' + 10);
}

// The number `digits` hex digits at `at` make; false if there are fewer.
bool read_hex(std::string_view text, std::size_t at, std::size_t digits, unsigned& code) noexcept {
  if (at > text.size() || text.size() - at < digits) return false;
  code = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (!is_hex(text[i])) return false;
    code = code << 4 | hex_value(text[i]);
  }
  return true;
}

// Whether the '%' at `at` stands between a link-local address and its zone.
bool is_zone_sign(std::string_view text, std::size_t at) noexcept {
  constexpr std::size_t kAddressBytes = 45;
  std::size_t begin = at;
  while (begin > 0 && at - begin < kAddressBytes && (is_hex(text[begin - 1]) || text[begin - 1] == ':')) --begin;
  const std::string_view address = text.substr(begin, at - begin);
  constexpr std::string_view kThirdDigits = "89ab";  // fe80::/10
  return address.size() > 4 && has_word(address, 0, "fe") && kThirdDigits.find(lower(address[2])) != kThirdDigits.npos &&
         std::count(address.begin(), address.end(), ':') >= 2;
}

// An escape: what it stands for, and how many bytes it takes. Size 0: there is none.
struct Escape {
  unsigned code = 0;
  std::size_t size = 0;
};

Escape escape_at(std::string_view text, std::size_t at) noexcept {
  Escape escape;
  if (text[at] == '%') {
    if (read_hex(text, at + 1, 2, escape.code) && (escape.code == ':' || !is_zone_sign(text, at))) escape.size = 3;
    return escape;
  }
  if (at + 1 >= text.size()) return escape;
  switch (text[at + 1]) {
    case 'u':
      if (read_hex(text, at + 2, 4, escape.code)) escape.size = 6;
      return escape;
    case 'x':
      if (read_hex(text, at + 2, 2, escape.code)) escape.size = 4;
      return escape;
    case 'n': return {'\n', 2};
    case 'r': return {'\r', 2};
    case 't': return {'\t', 2};
    case '/':
    case '\\':
    case '"': return {static_cast<unsigned char>(text[at + 1]), 2};
    default: return escape;
  }
}

}  // namespace

bool has_escapes(std::string_view text) noexcept {
  for (std::size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 1))
    if (unsigned code; read_hex(text, at + 1, 2, code) && is_printable(code)) return true;
  bool slashes_count = true;  // until it is seen that there is no '@'
  for (std::size_t at = text.find('\\'); at != text.npos; at = text.find('\\', at + 1)) {
    const Escape escape = escape_at(text, at);
    if (escape.size > 2 && is_printable(escape.code)) return true;
    if (escape.size != 2 || escape.code != '/' || !slashes_count) continue;
    slashes_count = text.find('@') != text.npos;
    if (slashes_count) return true;
  }
  return false;
}

bool Unescaped::undo_once() {
  const std::string_view text = text_;
  const auto next_escape = [&](std::size_t at, Escape& escape) {
    for (; at < text.size(); ++at)
      if ((text[at] == '%' || text[at] == '\\') && (escape = escape_at(text, at)).size != 0) break;
    return at;
  };
  Escape escape;
  std::size_t escape_place = next_escape(0, escape);
  if (escape_place == text.size()) return false;
  next_.clear();
  next_origin_.clear();
  for (std::size_t at = 0;;) {
    next_.append(text, at, escape_place - at);
    next_origin_.insert(next_origin_.end(), origin_.begin() + static_cast<std::ptrdiff_t>(at),
                        origin_.begin() + static_cast<std::ptrdiff_t>(escape_place));
    if (escape_place == text.size()) break;
    // A character beyond a byte is written as two bytes that are no UTF-8, but high: as letters of names are to the search.
    const bool wide = escape.code > 0xFF;
    next_.append(wide ? 2 : 1, static_cast<char>(wide ? 0xFF : escape.code));
    next_origin_.insert(next_origin_.end(), wide ? 2 : 1, origin_[escape_place]);
    at = escape_place + escape.size;
    escape_place = next_escape(at, escape);
  }
  next_origin_.push_back(origin_.back());
  text_.swap(next_);
  origin_.swap(next_origin_);
  return true;
}

void Unescaped::assign(std::string_view text) {
  text_.assign(text);
  origin_.resize(text.size() + 1);
  for (std::size_t i = 0; i < origin_.size(); ++i) origin_[i] = static_cast<std::uint32_t>(i);
  for (int round = 0; round < kUnescapeRounds && undo_once(); ++round) {
  }
}

}  // namespace logystera::redact
