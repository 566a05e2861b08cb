#include "cli/history.hpp"

#include <algorithm>

#include "analysis/rules.hpp"
#include "analysis/tracking.hpp"
#include "cli/analysis.hpp"
#include "cli/terminal.hpp"
#include "detect/program_image.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kMessageBytes = 200;

}  // namespace

Result<History> open_history(std::string_view command, const Globals& globals, store::Access access) {
  auto setting = load_setting(command, globals);
  if (!setting) return setting.error();
  auto store = analysis::open_tracked(setting->store_url, access == store::Access::create ? access : store::Access::look);
  if (!store) return store_failure(store.error());
  return History{std::move(setting->config), std::move(store).value()};
}

Result<detect::RuleSet> known_rules(const Config& config) {
  analysis::RuleSources sources;
  sources.placeholders = config.placeholders;
  for (const auto* list : {&config.rules_dirs, &config.sigma_dirs})
    sources.paths.insert(sources.paths.end(), list->begin(), list->end());
  return analysis::load_rules(sources);
}

bool IdleProbes::has(const store::Finding& finding) {
  if (finding.level > Level::low || finding.who.address.empty()) return false;
  if (!read_) {
    read_ = true;
    const auto known = known_rules(config_);
    if (!known) problem_ = known.error();
    else
      for (const detect::Rule& rule : known.value().rules)
        if (std::find(rule.tags.begin(), rule.tags.end(), detect::kProbeTag) != rule.tags.end()) rules_.insert(rule.id);
  }
  return rules_.count(finding.rule) > 0;
}

std::string fitted_message(std::string_view message) {
  return message.size() <= kMessageBytes ? printable(message) : printable(message.substr(0, kMessageBytes)) + "…";
}

}  // namespace logystera::cli
