#include "metric/exposition.hpp"

#include <fmt/core.h>

#include <iterator>

namespace logystera::metric {

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} ", name);
  for (const char c : help) {
    if (c == '\\') text_ += "\\\\";
    else if (c == '\n') text_ += "\\n";
    else text_ += c == '\r' || c == '\0' ? ' ' : c;
  }
  text_ += fmt::format("\n# TYPE {} {}\n", name, type);
}

void Exposition::begin(std::string_view suffix, std::string_view labels) {
  text_ += name_;
  text_ += suffix;
  if (labels.empty()) return;
  text_ += '{';
  text_ += labels;
  text_ += '}';
}

void Exposition::sample(std::string_view suffix, std::string_view labels, std::int64_t value) {
  begin(suffix, labels);
  fmt::format_to(std::back_inserter(text_), " {}\n", value);
}

void Exposition::thousandths(std::string_view suffix, std::string_view labels, std::int64_t value) {
  constexpr std::int64_t kOne = 1'000;
  if (value % kOne == 0) return sample(suffix, labels, value / kOne);
  begin(suffix, labels);
  fmt::format_to(std::back_inserter(text_), " {}.{:03}\n", value / kOne, value % kOne);
}

}  // namespace logystera::metric
