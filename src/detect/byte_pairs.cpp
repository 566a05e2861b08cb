#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "detect/byte_pairs.cpp"
#include "simd/vectors.hpp"

#include <cstring>

#include "detect/byte_pairs.hpp"

HWY_BEFORE_NAMESPACE();
namespace logystera::detect {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::CappedTag<std::uint8_t, BytePairs::kBlockBytes>;
using Vector = hn::Vec<Bytes>;

HWY_INLINE Vector look_up(Bytes d, const std::uint8_t* low, const std::uint8_t* high, Vector bytes) {
  const Vector nibble = hn::Set(d, 15);
  return hn::And(hn::TableLookupBytes(hn::LoadDup128(d, low), hn::And(bytes, nibble)),
                 hn::TableLookupBytes(hn::LoadDup128(d, high), hn::And(hn::ShiftRight<4>(bytes), nibble)));
}

// `at` has a block and one byte more.
HWY_INLINE std::uint64_t block(const std::uint8_t* at, const std::uint8_t* const (&tables)[4]) {
  const Bytes d;
  const std::size_t lanes = hn::Lanes(d);
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < BytePairs::kBlockBytes; i += lanes) {
    const Vector both = hn::And(look_up(d, tables[0], tables[1], hn::LoadU(d, at + i)),
                                look_up(d, tables[2], tables[3], hn::LoadU(d, at + i + 1)));
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(d, hn::Ne(both, hn::Zero(d)), bits);
    std::uint64_t word;
    std::memcpy(&word, bits, sizeof word);
    mask |= word << i;
  }
  return mask;
}

void find_pairs(std::string_view text, const std::uint8_t* const (&tables)[4], std::uint64_t* blocks) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t at = 0;
  for (; at + BytePairs::kBlockBytes < text.size(); at += BytePairs::kBlockBytes) *blocks++ = block(bytes + at, tables);
  if (at == text.size()) return;
  std::uint8_t padded[BytePairs::kBlockBytes + 1] = {};
  const std::size_t rest = text.size() - at;
  std::memcpy(padded, bytes + at, rest);
  *blocks = block(padded, tables) & (~std::uint64_t{0} >> (BytePairs::kBlockBytes - rest));
}

}  // namespace HWY_NAMESPACE
}  // namespace logystera::detect
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace logystera::detect {

HWY_EXPORT(find_pairs);

void BytePairs::enter(Nibbles& nibbles, unsigned char byte, std::uint8_t bit) noexcept {
  nibbles.low[byte & 15] = static_cast<std::uint8_t>(nibbles.low[byte & 15] | bit);
  nibbles.high[byte >> 4] = static_cast<std::uint8_t>(nibbles.high[byte >> 4] | bit);
}

void BytePairs::add(std::size_t bucket, unsigned char first) noexcept {
  const auto bit = static_cast<std::uint8_t>(1u << bucket);
  enter(first_, first, bit);
  for (int i = 0; i < 16; ++i) {
    second_.low[i] = static_cast<std::uint8_t>(second_.low[i] | bit);
    second_.high[i] = static_cast<std::uint8_t>(second_.high[i] | bit);
  }
}

void BytePairs::add(std::size_t bucket, unsigned char first, unsigned char second) noexcept {
  const auto bit = static_cast<std::uint8_t>(1u << bucket);
  enter(first_, first, bit);
  enter(second_, second, bit);
}

void BytePairs::find(std::string_view text, std::uint64_t* blocks) const noexcept {
  const std::uint8_t* const tables[4] = {first_.low, first_.high, second_.low, second_.high};
  HWY_DYNAMIC_DISPATCH(find_pairs)(text, tables, blocks);
}

}  // namespace logystera::detect
#endif
