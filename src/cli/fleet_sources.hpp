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

/// One thing of a target that is followed: each of its logs, or all that its server has.
struct FleetFeed {
  std::string key;  // its position is kept under it
  std::function<Opened(const Begin& begin)> open;
  bool waits = true;  // its next() waits for as long as it is told
};

/// What is read of a target once. `follow_links`: symbolic links met in directories of this machine; `target` is resolved; `analysis` and `stop` outlive what is made.
Result<analysis::NextSource> fleet_scan(const fleet::Target& target, const Analysis& analysis, bool follow_links,
                                        Stop stop);
/// What is followed of it; at least one. Of a directory or a pattern, the logs that are there now.
Result<std::vector<FleetFeed>> fleet_feeds(const fleet::Target& target, const Analysis& analysis, bool follow_links,
                                           Stop stop);

/// Whether it can be reached and read now: what was found there, in a few words, or why not.
Result<std::string> fleet_check(const fleet::Target& target, const Analysis& analysis, Stop stop,
                                std::chrono::seconds limit);

}  // namespace logystera::cli
