// Definitions of metrics: those built in, and a user's own.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"
#include "metric/definition.hpp"

namespace logystera::analysis {

/// Of files and directories (*.yml, *.yaml). Errors: a path that cannot be read. What was refused inside is among the problems.
Result<metric::Definitions> load_metrics(const std::vector<std::string>& paths, bool follow_links);

}  // namespace logystera::analysis
