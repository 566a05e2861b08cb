// What the commands of `logystera fleet` share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/live.hpp"
#include "cli/scan_run.hpp"
#include "fleet/targets.hpp"

namespace logystera::cli {

inline constexpr double kTargetSeconds = 600;
inline constexpr double kHeartbeatSeconds = 60;
inline constexpr unsigned kFleetJobs = 8;

/// Which targets a command is about.
struct Selection {
  std::string file;  // empty: what the configuration says
  std::vector<std::string> names, groups;
};
void add_selection(Command& command, Selection& selection);

/// Those that are chosen; warnings about the file are said. None is an error.
Result<std::vector<fleet::Target>> chosen_targets(std::string_view command, const Globals& globals,
                                                  const Selection& selection);
/// The file that was named, or the configuration's fleet.targets; whose warnings are said where it is loaded to be used.
Result<std::string> targets_file(const Globals& globals, const std::string& named);

struct FleetScanOptions : ScanOptions {
  Selection selection;
  unsigned jobs = kFleetJobs;
  double timeout_seconds = kTargetSeconds;  // for one target
  bool strict = false;
};
int run_fleet_scan(const Globals& globals, const FleetScanOptions& options);

struct FleetTailOptions : LiveOptions {
  Selection selection;
  double heartbeat_seconds = kHeartbeatSeconds;  // 0: none
};
int run_fleet_tail(const Globals& globals, const FleetTailOptions& options);

/// `fleet init`: asks on the terminal, and writes.
int run_fleet_init(const Globals& globals, const std::string& named);

}  // namespace logystera::cli
