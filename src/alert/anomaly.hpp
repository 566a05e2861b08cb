// Alerts of sites that no rule makes: a metric has left what is usual for the site (processor/anomalies.hpp finds it).
#pragma once

#include <string_view>

namespace logystera::alert {

inline constexpr std::string_view kAnomalyRate = "ANOMALY_RATE", kAnomalyErrors = "ANOMALY_ERRORS";

struct AnomalyRule {
  std::string_view id;
  std::string_view what, why, act, harmless;
};

/// Null: there is none of that id.
const AnomalyRule* anomaly_rule(std::string_view id) noexcept;

}  // namespace logystera::alert
