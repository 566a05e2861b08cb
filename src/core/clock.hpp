// What time it is, by the clock that is asked for, and the unit of everything whose name ends in `_ns`. Inline, since a page
// request asks on its way out.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <string>

namespace logystera {

/// One second of a `_ns`.
inline constexpr std::int64_t kSecondNs = 1'000'000'000;

constexpr std::int64_t nanoseconds_of(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * kSecondNs + time.tv_nsec;
}

inline timespec time_of(clockid_t clock) noexcept {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now;
}

/// Unix time: what people and other machines call now. It can be set back.
inline std::int64_t wall_ns() noexcept { return nanoseconds_of(time_of(CLOCK_REALTIME)); }
/// The same in whole seconds, by the clock that files' times are of: a few milliseconds behind, and cheaper.
inline std::int64_t wall_seconds() noexcept { return time_of(CLOCK_REALTIME_COARSE).tv_sec; }

/// For spans of time: never set, and says nothing about the date.
inline std::int64_t monotonic_ns() noexcept { return nanoseconds_of(time_of(CLOCK_MONOTONIC)); }
inline std::int64_t monotonic_seconds() noexcept { return time_of(CLOCK_MONOTONIC_COARSE).tv_sec; }

/// Processor time of the calling thread.
inline std::int64_t thread_ns() noexcept { return nanoseconds_of(time_of(CLOCK_THREAD_CPUTIME_ID)); }

/// "2026-05-18T10:00:01Z", with a fraction if there is one (RFC 3339). `time_ns` is unix time.
std::string rfc3339(std::int64_t time_ns);

}  // namespace logystera
