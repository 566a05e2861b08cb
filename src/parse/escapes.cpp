#include "parse/escapes.hpp"

#include <charconv>
#include <cstring>

#include "core/utf8.hpp"

namespace logystera::parse {
namespace {

// Exactly `digits` hexadecimal digits at `at`.
bool hex(std::string_view text, std::size_t at, std::size_t digits, std::uint32_t& out) noexcept {
  if (text.size() < at + digits) return false;
  const char* const begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + digits, out, 16);
  return error == std::errc() && end == begin + digits;
}

// The character a letter behind a backslash stands for; 0: none.
char simple(char letter, Escapes escapes) noexcept {
  switch (letter) {
    case '"':
    case '\\':
    case '/': return letter;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: break;
  }
  if (escapes == Escapes::json) return '\0';
  switch (letter) {
    case '\'': return letter;
    case 'a': return '\a';
    case 'e': return '\x1b';
    case 'v': return '\v';
    default: return '\0';
  }
}

}  // namespace

std::size_t put_escape(std::string_view& text, char* out, Escapes escapes) noexcept {
  constexpr std::size_t kByte = 4, kUnit = 6, kCode = 10;  // "\x1b", "\u001b", "\U0000001b"
  const char letter = text.size() > 1 ? text[1] : '\0';
  std::uint32_t code = 0, low = 0;
  if (letter == 'x' && hex(text, 2, 2, code)) {
    text.remove_prefix(kByte);
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (letter == 'u' && hex(text, 2, 4, code)) {
    text.remove_prefix(kUnit);
    if (code >= 0xD800 && code < 0xDC00 && text.substr(0, 2) == "\\u" && hex(text, 2, 4, low) && low >= 0xDC00 &&
        low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      text.remove_prefix(kUnit);
    }
    return put_utf8(code, out);
  }
  if (letter == 'U' && escapes == Escapes::c && hex(text, 2, 8, code)) {
    text.remove_prefix(kCode);
    return put_utf8(code, out);
  }
  if (const char plain = simple(letter, escapes); plain != '\0') {
    text.remove_prefix(2);
    out[0] = plain;
    return 1;
  }
  // Both characters are taken together, so that the second of "\\" never starts an escape of its own.
  const std::size_t taken = text.size() < 2 ? text.size() : 2;
  std::memcpy(out, text.data(), taken);
  text.remove_prefix(taken);
  return taken;
}

std::string_view unescaped(std::string_view text, Arena& arena, Escapes escapes) {
  if (text.find('\\') == std::string_view::npos) return text;
  char* const out = arena.allocate(text.size());
  std::size_t size = 0;
  while (!text.empty()) {
    if (text.front() == '\\') {
      size += put_escape(text, out + size, escapes);
      continue;
    }
    out[size++] = text.front();
    text.remove_prefix(1);
  }
  return {out, size};
}

}  // namespace logystera::parse
