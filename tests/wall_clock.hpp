// A wall clock that a test sets, for the whole of its program: whatever asks what the date is gets it moved, and whatever asks how much
// time has passed does not, as on a machine whose clock somebody sets. In one file of a test program.
#pragma once

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace logystera::testing {

inline std::atomic<std::int64_t> wall_clock_ahead{0};  // seconds

/// As right as the system's again when the test ends.
struct WallClock {
  WallClock() = default;
  ~WallClock() { wall_clock_ahead = 0; }
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;
  void jump(std::int64_t seconds) const { wall_clock_ahead += seconds; }
};

}  // namespace logystera::testing

// In the place of the C library's, also for the C++ library's clocks.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto result = static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    time->tv_sec += logystera::testing::wall_clock_ahead.load();
  return result;
}
