// What findings, errors, anomaly, export and demo share: the database of earlier runs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/config.hpp"
#include "core/result.hpp"
#include "report/stored.hpp"
#include "store/store.hpp"

namespace logystera::cli {

struct History {
  Config config;
  std::unique_ptr<store::Store> store;
};

/// Opens the database of the configuration or --store. Where there is none it is made only with Access::create; otherwise the
/// command sees an empty one.
Result<History> open_history(std::string_view command, const Globals& globals,
                             store::Access access = store::Access::existing);

/// A message neutralised and cut to one line of the terminal.
std::string fitted_message(std::string_view message);

using report::append_stored;

}  // namespace logystera::cli
