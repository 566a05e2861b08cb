// Characters as UTF-8: the one place that puts a code point into bytes. core/json.hpp says whether bytes are UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace logystera {

/// Room `put_utf8` may need.
inline constexpr std::size_t kUtf8BytesMost = 4;

/// Writes `code` at `out` and returns the bytes written. Surrogates and what is beyond Unicode become U+FFFD.
inline std::size_t put_utf8(std::uint32_t code, char* out) noexcept {
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xC0 | code >> 6);
    out[1] = static_cast<char>(0x80 | (code & 0x3F));
    return 2;
  }
  if ((code >= 0xD800 && code < 0xE000) || code > 0x10FFFF) code = 0xFFFD;
  if (code < 0x10000) {
    out[0] = static_cast<char>(0xE0 | code >> 12);
    out[1] = static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out[2] = static_cast<char>(0x80 | (code & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | code >> 18);
  out[1] = static_cast<char>(0x80 | (code >> 12 & 0x3F));
  out[2] = static_cast<char>(0x80 | (code >> 6 & 0x3F));
  out[3] = static_cast<char>(0x80 | (code & 0x3F));
  return 4;
}

/// How many characters (code points) valid UTF-8 has.
inline std::size_t characters_of(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

}  // namespace logystera
