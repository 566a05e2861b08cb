// What conditions may name of stored rows, beside time, level, source, line and message.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace logystera::cli {

inline constexpr std::array<std::string_view, 11> kFindingFields = {
    "rule", "title", "site", "group", "hits", "demo", "address", "account", "target", "status", "outcome"};
inline constexpr std::array<std::string_view, 2> kErrorFields = {"fingerprint", "count"};
inline constexpr std::array<std::string_view, 7> kAlertFields = {"rule", "title", "site",    "group",
                                                                 "hits", "state", "assignee"};

/// "rule, title and site", for --help.
inline std::string listed(std::span<const std::string_view> names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text.append(i == 0 ? "" : i + 1 < names.size() ? ", " : " and ").append(names[i]);
  return text;
}

}  // namespace logystera::cli
