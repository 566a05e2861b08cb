// Where a byte stands next. For fields, most of which are short: a call of memchr costs more than looking at a few words.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace logystera::parse {

/// The first `c` in `text` from `at` on, or the text's size. Reads nothing outside the text.
inline std::size_t find_byte(std::string_view text, std::size_t at, char c) noexcept {
  const char* const bytes = text.data();
  const std::size_t size = text.size();
#if defined(__SSE2__)
  constexpr std::size_t kWidth = 16;
  const __m128i wanted = _mm_set1_epi8(c);
  const auto equal = [&](std::size_t from) {
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + from));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(here, wanted)));
  };
  for (; at + kWidth <= size; at += kWidth)
    if (const unsigned bits = equal(at); bits != 0) return at + static_cast<std::size_t>(std::countr_zero(bits));
  if (size >= kWidth && at < size) {
    // The last bytes once more, without those that were looked at.
    const std::size_t from = size - kWidth;
    const unsigned bits = equal(from) >> (at - from);
    return bits != 0 ? at + static_cast<std::size_t>(std::countr_zero(bits)) : size;
  }
#else
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
    const std::uint64_t wanted = kOnes * static_cast<unsigned char>(c);
    for (std::uint64_t word; at + sizeof word <= size; at += sizeof word) {
      std::memcpy(&word, bytes + at, sizeof word);
      word ^= wanted;
      // The lowest byte marked is the first that is equal; those above it may be marked wrongly.
      if (const std::uint64_t same = (word - kOnes) & ~word & kHighs; same != 0)
        return at + static_cast<std::size_t>(std::countr_zero(same)) / 8;
    }
  }
#endif
  while (at < size && bytes[at] != c) ++at;
  return at < size ? at : size;
}

}  // namespace logystera::parse
