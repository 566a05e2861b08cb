// Rules as people know them. To the engine what a window counts, and what ends a condition, are rules of their own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "detect/rule.hpp"

namespace logystera::detect {

/// "SSH_BRUTE_FORCE#1": people know the rule it belongs to.
inline bool is_part(const Rule& rule) noexcept { return rule.silent && rule.id.find('#') != std::string::npos; }

/// How many rules there are, without parts.
inline std::size_t count_known(const RuleSet& rules) noexcept {
  return static_cast<std::size_t>(
      std::count_if(rules.rules.begin(), rules.rules.end(), [](const Rule& rule) { return !is_part(rule); }));
}

}  // namespace logystera::detect
