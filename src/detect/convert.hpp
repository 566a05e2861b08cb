// Rules written out in the native form, whatever they were read from: what `rules convert` prints.
//
// Sigma's names become the fields of our records, its modifiers what they mean ("windash" five texts, "base64offset" three),
// its wildcards regular expressions where contains, startswith and endswith cannot say them, and its log sources kinds,
// channels and event numbers. The result loads by itself and hits the same records; tests convert the whole public set and
// compare.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.hpp"
#include "detect/rule.hpp"

namespace logystera::detect {

/// The rule as native YAML documents: itself, and before it the silent parts only it counts. An Error names what the native
/// form cannot say: parts of dates, aliases, and windows over rules that are not parts of it have their ids kept.
Result<std::string> to_native(const RuleSet& rules, std::uint32_t rule);

}  // namespace logystera::detect
