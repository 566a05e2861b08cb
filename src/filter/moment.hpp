// Points and periods of time as a person writes them: "2h", "yesterday", "last night", "2026-05-18 10:00".
//
//   2h  90s  1d12h  2h ago  3 days ago    a span before now; units s, m, h, d, w; a number and a word (sec, min, hours, …) before "ago"
//   1779098401                            Unix seconds
//   now  today  yesterday  monday         a day, by the clock of the zone; a weekday is the last one, today included
//   tonight  last night                   from 18:00 to 06:00; last night is the night that has ended last, or is ending
//   2026-05-18                            that day
//   2026-05-18 10:00  …T10:00:01.5Z       a time, in the zone unless it names its own (Z, +02:00)
//   10:00  yesterday 22:30                a time of day; alone, the last time the clock showed it
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/result.hpp"
#include "parse/zone.hpp"

namespace logystera::filter {

inline constexpr std::size_t kMomentBytes = 64;

/// What relative times are relative to.
struct Now {
  std::int64_t seconds = 0;                 // Unix time
  std::shared_ptr<const parse::Zone> zone;  // null: UTC
};

/// Unix time in nanoseconds. Of a day or a night `begin` is its beginning and `end` the beginning of what follows; of a point of time
/// both are the same.
struct Moment {
  std::int64_t begin = 0, end = 0;

  bool is_point() const noexcept { return begin == end; }
};

/// Case does not matter. The message says what may be written, without what was.
Result<Moment> parse_moment(std::string_view text, const Now& now);

/// The same as the lower bound (`begin`) or the upper (`end`) of what is asked for. The message begins with `option` and the text.
Result<std::int64_t> parse_since(std::string_view option, std::string_view text, const Now& now);
Result<std::int64_t> parse_until(std::string_view option, std::string_view text, const Now& now);

}  // namespace logystera::filter
