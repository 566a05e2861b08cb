// The words for levels that conditions take beside their names.
#pragma once

#include <string_view>
#include <utility>

#include "filter/compiled.hpp"

namespace logystera::filter {

/// The name a word for a level is short for, in any case ("Warn": "warning"); others are given back.
inline std::string_view level_word(std::string_view written) noexcept {
  static constexpr std::pair<std::string_view, std::string_view> kShort[] = {
      {"warn", "warning"}, {"err", "error"}, {"crit", "critical"}, {"information", "info"}, {"notice", "info"}};
  for (const auto& [word, name] : kShort)
    if (same_letters(written, word)) return name;
  return written;
}

}  // namespace logystera::filter
