// When a file was written. File systems keep times that no `_ns` holds (ext4 to 2446, XFS to 2486), and anybody can set one.
#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>

#include "core/clock.hpp"

namespace logystera {

/// The time a file was last written, as `_ns`; the nearest there is (1684 to 2255) where its own is beyond.
inline std::int64_t written_ns(const struct stat& status) noexcept {
  constexpr std::int64_t kSecondsMost = 9'000'000'000;
  timespec time = status.st_mtim;
  time.tv_sec = std::clamp<std::int64_t>(time.tv_sec, -kSecondsMost, kSecondsMost);
  return nanoseconds_of(time);
}

}  // namespace logystera
