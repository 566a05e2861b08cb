// Prometheus' text format, version 0.0.4: families one after the other, each with its help and type before its samples.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace logystera::metric {

inline constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

class Exposition {
 public:
  /// `type`: counter, gauge or summary. Every family once.
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// Of the family at hand; `suffix` is "", "_sum" or "_count", `labels` what add_label() has made.
  void sample(std::string_view suffix, std::string_view labels, std::int64_t value);
  /// Of thousandths.
  void thousandths(std::string_view suffix, std::string_view labels, std::int64_t value);

  std::string take() { return std::move(text_); }

 private:
  void begin(std::string_view suffix, std::string_view labels);
  std::string text_, name_;
};

}  // namespace logystera::metric
