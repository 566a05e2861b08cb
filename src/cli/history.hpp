// What findings, errors, anomaly, export and demo share: the database of earlier runs.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/config.hpp"
#include "core/result.hpp"
#include "detect/rule.hpp"
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

/// The built-in rules, and those of the configuration's directories.
Result<detect::RuleSet> known_rules(const Config& config);

/// Tells of stored findings which are probes that came to nothing, as a scan's last screen does: low ones of an address, by a rule that is
/// tagged `probe`. The rules are read when the first finding is met that may be one.
class IdleProbes {
 public:
  explicit IdleProbes(const Config& config) : config_(config) {}

  bool has(const store::Finding& finding);
  /// Why the rules could not be read; then no finding is one.
  const std::optional<Error>& problem() const noexcept { return problem_; }

 private:
  const Config& config_;
  bool read_ = false;
  std::set<std::string> rules_;
  std::optional<Error> problem_;
};

using report::append_stored;

}  // namespace logystera::cli
