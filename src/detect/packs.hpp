// The rule packs of the project, built in: rules/*.yml as they stood when the program was built.
#pragma once

#include <string_view>
#include <vector>

#include "detect/loader.hpp"

namespace logystera::detect {

struct BuiltInPack {
  std::string_view name;  // "rules/web.yml"
  std::string_view text;
};

/// All packs, by name. Rule files end in .yml; rules/placeholders.yml is the placeholder file.
const std::vector<BuiltInPack>& built_in_packs();

/// Adds every pack's rules to `loader`.
void add_built_in_packs(Loader& loader);

/// Options with the built-in placeholder lists.
LoadOptions built_in_options();

}  // namespace logystera::detect
