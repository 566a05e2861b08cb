// What rules, filters and correlations of Sigma have in common.
#pragma once

#include "detect/draft.hpp"

namespace logystera::detect {

/// `logsource` of a rule or filter, folded.
Logsource read_logsource(const yaml::Node& root, Notes& notes);
/// Title, id, level and the like.
void read_meta(const yaml::Node& root, Draft& draft, Notes& notes);
/// Refuses the obsolete `action` of document collections.
void refuse_collections(const yaml::Node& root, Notes& notes);

}  // namespace logystera::detect
