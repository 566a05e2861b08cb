// Targets of a fleet as sources: what the command of each type opens, with the target's values in the place of its options.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "analysis/pipeline.hpp"
#include "cli/analysis.hpp"
#include "cli/opening.hpp"
#include "core/result.hpp"
#include "fleet/targets.hpp"

namespace logystera::cli {

/// "fleet:web01:", what sources of a target's records begin with.
std::string fleet_prefix(const std::string& target);

/// One thing of a target that is followed: each of its logs, or all that its server has.
struct FleetFeed {
  std::string key;  // its position is kept under it
  std::function<Opened(const Begin& begin)> open;
  bool waits = true;  // its next() waits for as long as it is told
};

/// What is read of a target once. `target` is resolved; `analysis` and `stop` outlive what is made.
Result<analysis::NextSource> fleet_scan(const fleet::Target& target, const Analysis& analysis, Stop stop);
/// What is followed of it; at least one.
Result<std::vector<FleetFeed>> fleet_feeds(const fleet::Target& target, const Analysis& analysis, Stop stop);

/// Whether it can be reached and read now: what was found there, in a few words, or why not.
Result<std::string> fleet_check(const fleet::Target& target, const Analysis& analysis, Stop stop,
                                std::chrono::seconds limit);

}  // namespace logystera::cli
