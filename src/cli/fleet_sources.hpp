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
  std::string key;                                 // its position is kept under it
  std::function<Opened(const Begin& begin)> open;  // null: there is none yet
  bool waits = true;                               // its next() waits for as long as it is told
  std::string path_key = {};                       // of the path that means it: under it is kept that it was followed
  bool appeared = false;                           // all of it came since the fleet has been followed
  /// In the place of `open`: the feeds of a path that has meant no log so far.
  std::function<Result<std::vector<FleetFeed>>()> look = {};
};

/// What is read of a target once. `follow_links`: symbolic links met in directories of this machine; `target` is resolved; `analysis` and `stop` outlive what is made.
Result<analysis::NextSource> fleet_scan(const fleet::Target& target, const Analysis& analysis, bool follow_links,
                                        Stop stop);
/// What is followed of it; at least one. Of a directory or a pattern, the logs that are there now; of one that has none, a feed that
/// looks for them.
Result<std::vector<FleetFeed>> fleet_feeds(const fleet::Target& target, const Analysis& analysis, bool follow_links,
                                           Stop stop);

/// Whether it can be reached and read now: what was found there, in a few words, or why not.
Result<std::string> fleet_check(const fleet::Target& target, const Analysis& analysis, Stop stop,
                                std::chrono::seconds limit);

}  // namespace logystera::cli
