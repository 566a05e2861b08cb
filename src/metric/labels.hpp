// What tells one series of a metric from the others, as a text: a="x",b="y", in the order of the names, with \\, \" and \n as
// Prometheus' text format has them. Equal values are equal texts, and the text is what /metrics writes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logystera::metric {

/// What a label's value becomes where a series more than there may be would begin.
inline constexpr std::string_view kOther = "other";

/// Adds NAME="VALUE"; a comma before it where there is something already. Control characters and what is no UTF-8 become U+FFFD.
void add_label(std::string& text, std::string_view name, std::string_view value);

/// Names and values of a text add_label() has made; nothing of another.
std::vector<std::pair<std::string, std::string>> labels_of(std::string_view text);

}  // namespace logystera::metric
