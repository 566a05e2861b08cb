// Legacy aggregations of Sigma: `selection | count(field) by group > n` with `timeframe`.
#pragma once

#include <vector>

#include "detect/sigma/condition.hpp"

namespace logystera::detect {

/// Reads what follows the `|` that `parser` stands at into `window` over `hits`, the rule's own silent detections, of which
/// `first` stands before the bar. False if it was refused.
bool read_aggregation(ConditionParser& parser, Expression first, const Logsource& logsource, const Detections& detections,
                      std::vector<bool>& used, Window& window, std::vector<Expression>& hits);

}  // namespace logystera::detect
