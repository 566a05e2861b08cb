// Runs of a token's bytes, for the grammars of secrets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "redact/bytes.hpp"

namespace logystera::redact {

inline constexpr std::size_t kTokenBytes = 8192;  // longer is data, not a token; its head is still cut out

using Alphabet = bool (*)(char) noexcept;

constexpr bool is_token68(char c) noexcept {  // RFC 9110 §11.2, without its '=' padding
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/';
}

inline std::size_t run_end(std::string_view text, std::size_t at, Alphabet alphabet, std::size_t most) noexcept {
  std::size_t end = at;
  while (end < text.size() && end - at < most && alphabet(text[end])) ++end;
  return end;
}

// A token68 and its padding; its '/' may be JSON's \/.
inline std::size_t token68_end(std::string_view text, std::size_t at) noexcept {
  std::size_t end = at;
  for (;;) {
    end = run_end(text, end, is_token68, kTokenBytes);
    if (!has(text, end, "\\/") || end - at > kTokenBytes) break;
    end += 2;
  }
  if (end > at)
    while (end < text.size() && text[end] == '=') ++end;
  return end;
}

inline bool has_digit(std::string_view text) noexcept { return std::any_of(text.begin(), text.end(), is_digit); }

}  // namespace logystera::redact
