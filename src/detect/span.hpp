// Times of records are what lines say, from 1678 to 2262: two of them may lie further apart than 64 bits of nanoseconds reach.
#pragma once

#include <cstdint>

namespace logystera::detect {

/// `a` - `b`, or what is nearest to it of what there is. Of two times that are apart more than 292 years, that many.
inline std::int64_t minus(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t result = 0;
  if (!__builtin_sub_overflow(a, b, &result)) return result;
  return b < 0 ? INT64_MAX : INT64_MIN;
}

}  // namespace logystera::detect
