// How bad something is: one type for what a source says of a record, one for what a rule says of a finding. Everything that
// parses, detects, stores, shows or sends uses these two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace logystera {

/// How bad the source says a record is. Order is meaning: a larger value is worse. Sources with eight steps (syslog) fold into
/// these five: emergency, alert and critical are `critical`; notice is `info`. Stored as its number: never renumbered.
enum class Severity : std::uint8_t { debug, info, warning, error, critical };

/// "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL".
constexpr std::string_view severity_name(Severity severity) noexcept {
  constexpr std::string_view names[] = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};
  return names[static_cast<std::size_t>(severity)];
}

/// How bad a finding is, as its rule says. Order is meaning. Native rules use low to critical; Sigma adds informational.
enum class Level : std::uint8_t { informational, low, medium, high, critical };
inline constexpr std::size_t kLevels = 5;
/// From the worst down, those a report counts: informational findings are shown and not stored.
inline constexpr Level kReportedLevels[] = {Level::critical, Level::high, Level::medium, Level::low};

/// "informational", "low", "medium", "high", "critical".
constexpr std::string_view level_name(Level level) noexcept {
  constexpr std::string_view names[kLevels] = {"informational", "low", "medium", "high", "critical"};
  return names[static_cast<std::size_t>(level)];
}

/// The level of that name, or nothing. Names are lowercase.
constexpr std::optional<Level> level_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kLevels; ++i)
    if (level_name(static_cast<Level>(i)) == name) return static_cast<Level>(i);
  return std::nullopt;
}

/// The same for a level findings are stored with: nothing for "informational".
constexpr std::optional<Level> reported_level_from(std::string_view name) noexcept {
  const std::optional<Level> level = level_from(name);
  return level == Level::informational ? std::nullopt : level;
}

}  // namespace logystera
