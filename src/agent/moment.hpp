// A point in time on two clocks: the wall's, which anyone may set, and the one that counts from boot, which no one can.
#pragma once

#include <cstdint>

namespace logystera::agent {

struct Moment {
  std::int64_t wall = 0;        // unix seconds
  std::int64_t since_boot = 0;  // seconds, suspended time included (CLOCK_BOOTTIME)
  std::uint64_t boot = 0;       // which boot that counts from; 0: unknown
};

Moment now() noexcept;

/// Seconds from `from` to `to`: by the boot clock within one boot, otherwise by the wall clock, which may give less than 0.
std::int64_t seconds_between(const Moment& from, const Moment& to) noexcept;

}  // namespace logystera::agent
