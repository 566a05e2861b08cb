// Targets that are servers: Docker's daemon, and log stores that are asked over HTTP.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cli/analysis.hpp"
#include "cli/opening.hpp"
#include "fleet/targets.hpp"

namespace logystera::cli {

/// Docker, OpenSearch, Loki or Graylog. Once: from the target's `since` on; `begin` is for what is followed.
Opened open_server(const fleet::Target& target, const Analysis& analysis, bool follow, const Begin& begin, Stop stop);

/// Asks it for the least there is: what it is, in a few words.
Result<std::string> check_server(const fleet::Target& target, const Analysis& analysis, Stop stop);

}  // namespace logystera::cli
