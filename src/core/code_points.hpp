// The code points of a text that may be malformed.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/json.hpp"

namespace logystera {

/// The code point a well-formed sequence stands for.
inline char32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(sequence[i])); };
  switch (sequence.size()) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3: return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    default: return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
  }
}

/// Calls `each` with every code point's bytes, and whether they are well formed; malformed bytes come alone.
template <typename Each>
void for_each_sequence(std::string_view text, Each each) {
  while (!text.empty()) {
    std::size_t skip = 0;
    std::size_t size = json::utf8_sequence(text, skip);
    const bool good = size != 0;
    if (!good) size = 1;
    each(text.substr(0, size), good);
    text.remove_prefix(size);
  }
}

struct CodePoints {
  char32_t first, last;
};

template <std::size_t size>
bool within(const CodePoints (&ranges)[size], char32_t point) {
  for (const CodePoints& range : ranges)
    if (point >= range.first && point <= range.last) return true;
  return false;
}

}  // namespace logystera
