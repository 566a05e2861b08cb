// Byte classes the grammars share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace logystera::redact {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr bool is_letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr bool is_alnum(char c) noexcept { return is_digit(c) || is_letter(c); }
constexpr bool is_hex(char c) noexcept { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
/// Digits and what stands between the groups of a card or phone number.
constexpr bool belongs_to_number(char c) noexcept {
  constexpr std::uint64_t kThem = 0x03FF'6301'0000'0000;  // digits, space ( ) - . below 64
  const auto byte = static_cast<unsigned char>(c);
  return byte < 64 && (kThem >> byte & 1) != 0;
}
/// The same with what it is: 0 for a byte that does not belong.
enum NumberPart : std::uint8_t { number_digit = 1, number_bracket = 2, number_other = 4 };
inline constexpr auto kNumberParts = [] {
  std::array<std::uint8_t, 256> parts{};
  for (unsigned c = 0; c < parts.size(); ++c)
    if (belongs_to_number(static_cast<char>(c)))
      parts[c] = is_digit(static_cast<char>(c)) ? number_digit : c == '(' ? number_bracket : number_other;
  return parts;
}();
constexpr unsigned part_of_number(char c) noexcept { return kNumberParts[static_cast<unsigned char>(c)]; }
constexpr bool is_high(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80; }
constexpr bool is_blank(char c) noexcept { return static_cast<unsigned char>(c) <= ' '; }
constexpr bool is_base64url(char c) noexcept { return is_alnum(c) || c == '_' || c == '-'; }

/// Whether `text` has `word` (lower-case) at `at`, whatever its own case.
constexpr bool has_word(std::string_view text, std::size_t at, std::string_view word) noexcept {
  if (at > text.size() || text.size() - at < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (lower(text[at + i]) != word[i]) return false;
  return true;
}
constexpr bool has(std::string_view text, std::size_t at, std::string_view word) noexcept {
  return at <= text.size() && text.substr(at, word.size()) == word;
}

/// Whether the byte at `at` is the whole text's or the end.
constexpr bool at_end_or_not_alnum(std::string_view text, std::size_t at) noexcept {
  return at >= text.size() || !is_alnum(text[at]);
}

}  // namespace logystera::redact
