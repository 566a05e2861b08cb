// Times as logs write them. Every reader here takes the start of a text and says how many bytes were a time (0: none), so
// the caller can go on behind it. Results are unix nanoseconds, UTC, between 1678 and 2261 (what 64 bits hold).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace logystera::parse {

/// What a time of day lacks and the line does not say.
struct TimeContext {
  std::int64_t reference_ns = 0;  // the latest the log can be (its file's change time, or now): decides missing years
  std::int32_t zone_seconds = 0;  // east of UTC, for times written without a zone
};

/// Days since 1970-01-01 of a proleptic Gregorian date.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) noexcept;

/// `18/May/2026:10:00:01 +0200`, as access logs write it. Always 26 bytes.
std::size_t read_clf_time(std::string_view text, std::int64_t& ns) noexcept;

/// `2026-05-18T10:00:01`, with ' ' for 'T', '/' for '-', a fraction after '.' or ',' (1-9 digits), and `Z`, `+02:00`, `+0200`,
/// `+02` or no zone. A fraction longer than nine digits is read and cut.
std::size_t read_iso_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

/// `May 18 10:00:01` or `May  8 10:00:01`, optionally with a fraction, as RFC 3164 has it. The year is the latest that does not
/// put the time more than a day after the reference (a clock may be ahead).
std::size_t read_syslog_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

/// `Mon May 18 10:00:01.123456 2026` (Apache errors, ctime), the fraction optional.
std::size_t read_ctime(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

/// `18-May-2026 10:00:01 UTC` or `… Europe/Berlin` (PHP errors). Zone names other than UTC, GMT and Z are not looked up:
/// the context's zone is used.
std::size_t read_php_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

/// Seconds since 1970 with an optional fraction, or milli-, micro- or nanoseconds, told apart by their number of digits
/// (10, 13, 16, 19). Nothing but times from 2001 to 2286 passes, so that a request id is not a time.
std::size_t read_epoch(std::string_view text, std::int64_t& ns) noexcept;

/// Any of the above, and `18.05.2026 10:00:01`, `05/18/2026 10:00:01` (month first), at the start of `text`.
std::size_t read_any_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

}  // namespace logystera::parse
