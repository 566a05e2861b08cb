// A format that is an RE2 expression with named groups: what its groups are called, its lines have.
//
//   ^(?P<time>\S+) (?P<severity>\w+) \[(?P<shop_id>\d+)\] (?P<message>.*)$
//
// The expression matches the whole line. `time`, `severity`, `message` and `host` are the record's own, unless the format names other
// groups for them; every other group is a field. A line whose time cannot be read is none of the format.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "parse/format.hpp"

namespace re2 {
class RE2;
}

namespace logystera::parse {

inline constexpr std::size_t kLinePatternBytes = 4 * 1024;
inline constexpr std::size_t kLinePatternGroups = 32;
inline constexpr std::size_t kLinePatternLine = 64 * 1024;  // longer lines are not matched: they are unparsed

/// Compiled once a format, used by any number of threads.
class LinePattern {
 public:
  /// Reads `format.pattern`, and names the groups of time, severity, message and host where the format does not. Errors say what is
  /// wrong with the expression and what to write instead.
  static Result<std::shared_ptr<const LinePattern>> compile(Format& format);

  const re2::RE2& expression() const noexcept { return *expression_; }
  /// One for each group; empty for those without a name.
  const std::vector<std::string>& groups() const noexcept { return groups_; }

  /// Why the expression does not take a line, for who wrote it.
  std::string refusal(std::string_view line, const Format& format, const TimeContext& time) const;

 private:
  std::shared_ptr<const re2::RE2> expression_;
  std::vector<std::string> groups_;
};

}  // namespace logystera::parse
