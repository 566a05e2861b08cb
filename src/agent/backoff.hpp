// How long to wait after a failed attempt (seed 002: 60 s base, 30 min cap).
//
// The delay doubles with each failure in a row and is drawn from the upper half of its range, so that many sites that
// failed together do not come back together. Retry-After can only make it longer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/moment.hpp"

namespace logystera::agent {

/// Upper end of the delay after `failures` failures in a row (1 = the first): 60, 120, 240 … 1,800 seconds.
std::uint32_t backoff_ceiling(std::uint32_t failures) noexcept;

/// Evenly from [ceiling/2, ceiling]; `random` is any 32 random bits.
std::uint32_t spread(std::uint32_t ceiling, std::uint32_t random) noexcept;

/// The longer of `delay` and the gateway's wish, plus up to a fifth, at most 6 hours.
std::uint32_t throttled_delay(std::uint32_t delay, std::uint32_t retry_after, std::uint32_t random) noexcept;

/// RFC 9110 §10.2.3: seconds or an HTTP date, clamped to 1 s - 6 h. Of several values the longest; nothing if none can
/// be read. `wall` is our clock, against which a date counts.
std::optional<std::uint32_t> parse_retry_after(const std::vector<std::string>& values, std::int64_t wall) noexcept;

/// A wait that began at `from` and lasts `seconds`.
struct Wait {
  Moment from;
  std::uint32_t seconds = 0;

  /// What is left of it: never more than `seconds`, whatever the clocks did meanwhile.
  std::uint32_t left(const Moment& at) const noexcept;
  /// The clock was set back behind the wait's beginning: it must begin again, or it would last until the clock is back.
  bool clock_went_back(const Moment& at) const noexcept;
};

}  // namespace logystera::agent
