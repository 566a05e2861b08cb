// How detection beside the gateway stands, for pages and API alike.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace logystera::query {

struct Detection {
  bool on = false;               // false: the server was started without it
  bool running = false;          // it looks at what arrives
  std::uint64_t position = 0;    // sequence of the last event whose findings are stored
  std::int64_t lag_seconds = 0;  // since the oldest event arrived that it has not looked at
  std::uint64_t ring_overflows = 0, windows_forgotten = 0, late = 0;
  std::string problem;  // why it stands still
  /// Sites, by token, and what of their settings cannot be understood.
  std::vector<std::pair<std::string, std::string>> damaged_settings = {};
};

inline constexpr std::int64_t kLagShown = 2;     // seconds; below, it is up to date
inline constexpr std::int64_t kLagTooLong = 60;  // and beyond, something is wrong

/// "Up to date", "12 s behind", "Stands still", "Off".
inline std::string words_of(const Detection& detection) {
  if (!detection.on) return "Off";
  if (!detection.running && !detection.problem.empty()) return "Stands still";
  if (detection.lag_seconds < kLagShown) return "Up to date";
  return std::to_string(detection.lag_seconds) + " s behind";
}

}  // namespace logystera::query
