// The event line (seed 002, "Event schema"): one JSON object a line,
// {"event_type","created_at","timestamp","event_id","labels"} in that order.
#pragma once

#include <cstdint>
#include <string_view>

namespace logystera {

/// The five fields of a valid line. Views point into the line it was read from; `labels` is the raw JSON object.
struct EventView {
  std::string_view type;
  std::int64_t created_at = 0;  // unix seconds
  std::string_view event_id;    // UUID v4
  std::string_view labels;
};

/// Why a line is not an event.
enum class LineFault : std::uint8_t {
  none,
  empty,         // nothing but the newline
  too_long,      // over 64 KiB
  control_byte,  // NUL or another control character, as a torn or zero-filled block leaves
  not_utf8,
  not_json,
  not_an_event,  // JSON, but not the five fields with their types
};

/// Longest line a reader looks at; twice what the writer may produce.
inline constexpr std::size_t kLineBytesMax = 64 * 1024;

/// Checks one line (without its newline) strictly: UTF-8, JSON, exactly the five fields with the right types, a v4
/// UUID, created_at equal to timestamp, labels an object. On `none`, `view` holds the fields. Never throws; memory use is
/// bounded by the line's length and a nesting depth of 32.
LineFault read_event_line(std::string_view line, EventView& view) noexcept;

/// A word or two for messages and counters: "not_json".
std::string_view name_of(LineFault fault) noexcept;

}  // namespace logystera
