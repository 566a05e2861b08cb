// What `rules explain` prints: a rule as it was compiled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "detect/engine.hpp"

namespace logystera::cli {

/// For people, at most 80 columns wide. A rule that counts over time is followed by the rules it counts.
std::string explained_text(const detect::Engine& engine, std::uint32_t rule);

/// One JSON object; the rules that are counted are in its `window.inputs`.
std::string explained_json(const detect::Engine& engine, std::uint32_t rule);

/// The rule of that id (or Sigma's `name`), or an error that names the ids most like it. `remedy`: what else may help, joined to that.
Result<std::uint32_t> rule_called(const detect::RuleSet& rules, std::string_view id, std::string_view remedy = {});

}  // namespace logystera::cli
