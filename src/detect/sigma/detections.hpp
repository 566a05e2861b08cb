// The detections of a Sigma rule: what stands under names, before a condition joins them.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detect/draft.hpp"

namespace logystera::detect {

struct Detections {
  std::vector<std::pair<std::string, Expression>> named;

  const Expression* find(std::string_view name) const {
    for (const auto& [known, expression] : named)
      if (known == name) return &expression;
    return nullptr;
  }
};

/// The detections of the map `detection`, `other_keys` of which are not any. What is wrong goes to `notes`.
Detections read_detections(const yaml::Node& detection, const Logsource& logsource, const Placeholders& placeholders,
                           std::initializer_list<std::string_view> other_keys, Notes& notes);

/// Warns of each detection that `used` does not say.
void warn_unused(const Detections& detections, const std::vector<bool>& used, yaml::Position at, Notes& notes);

}  // namespace logystera::detect
