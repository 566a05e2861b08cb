// The built-in rules as their authors wrote them. What a server runs may have been read from a cache, which holds only what running
// them takes.
#pragma once

#include <string_view>

#include "detect/rule.hpp"

namespace logystera::dashboard {

/// The rule of that id with its description, pack and place where it is a built-in one, or else `rule` itself.
const detect::Rule& as_written(const detect::Rule& rule);

/// A rule's YAML, and of that what stands from `samples:` on; both empty where it is not in the program.
struct RuleText {
  std::string_view rule, samples;
};
RuleText text_of(const detect::Rule& rule);

}  // namespace logystera::dashboard
