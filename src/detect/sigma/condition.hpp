// The condition of a Sigma rule, and of its legacy aggregations the front.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "detect/sigma/detections.hpp"

namespace logystera::detect {

/// or < and < not < quantifier < parentheses (rules specification, "Condition").
class ConditionParser {
 public:
  ConditionParser(const std::string& text, yaml::Position at, const Detections& detections, std::vector<bool>& used,
                  Notes& notes)
      : text_(text), at_(at), detections_(detections), used_(used), notes_(notes) {
    advance();
  }

  /// The whole condition.
  Expression parse();

  /// Up to the `|` of a legacy aggregation, which is left to read_aggregation().
  Expression parse_until_bar();
  bool good() const noexcept { return good_; }
  const std::string& token() const noexcept { return token_; }
  void advance();
  void fail(const std::string& what);

 private:
  bool word(std::string_view keyword) const;

  Expression any();
  Expression all();
  Expression negation();
  Expression primary();
  Expression quantified(const std::string& quantifier);

  const std::string& text_;
  yaml::Position at_;
  const Detections& detections_;
  std::vector<bool>& used_;
  Notes& notes_;
  std::string token_;
  std::size_t start_ = 0, next_ = 0;
  int depth_ = 0;
  bool good_ = true;
};

}  // namespace logystera::detect
