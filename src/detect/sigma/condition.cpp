#include "detect/sigma/condition.hpp"

#include <cctype>

#include "detect/text.hpp"

namespace logystera::detect {
namespace {

// Deepest nesting of parentheses and `not` in a condition: parsed by recursion, so bounded.
constexpr int kConditionDepth = 64;

}  // namespace

bool ConditionParser::word(std::string_view keyword) const { return equal_ignoring_case(token_, keyword); }

Expression ConditionParser::parse() {
  Expression expression = any();
  if (good_ && !token_.empty()) fail("'" + token_ + "' does not belong here");
  return expression;
}

Expression ConditionParser::parse_until_bar() {
  Expression expression = any();
  if (good_ && !token_.empty() && token_ != "|") fail("'" + token_ + "' does not belong here");
  return expression;
}

void ConditionParser::advance() {
  while (next_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[next_]))) ++next_;
  start_ = next_;
  if (next_ < text_.size() && std::string_view("()|<>=,").find(text_[next_]) != std::string_view::npos) {
    ++next_;
    if (next_ < text_.size() && text_[next_] == '=' && (text_[start_] == '<' || text_[start_] == '>')) ++next_;
  } else {
    while (next_ < text_.size() && !std::isspace(static_cast<unsigned char>(text_[next_])) &&
           std::string_view("()|<>=,").find(text_[next_]) == std::string_view::npos)
      ++next_;
  }
  token_ = text_.substr(start_, next_ - start_);
}

void ConditionParser::fail(const std::string& what) {
  if (good_) notes_.refuse({at_.line, at_.column}, "condition, at character " + std::to_string(start_ + 1) + ": " + what);
  good_ = false;
}

Expression ConditionParser::any() {
  std::vector<Expression> parts;
  parts.push_back(all());
  while (good_ && word("or")) {
    advance();
    parts.push_back(all());
  }
  return Expression::some(std::move(parts));
}

Expression ConditionParser::all() {
  std::vector<Expression> parts;
  parts.push_back(negation());
  while (good_ && word("and")) {
    advance();
    parts.push_back(negation());
  }
  return Expression::every(std::move(parts));
}

Expression ConditionParser::negation() {
  if (++depth_ > kConditionDepth) {
    fail("nested deeper than " + std::to_string(kConditionDepth) + " levels");
    return {};
  }
  Expression expression;
  if (word("not")) {
    advance();
    expression = Expression::negate(negation());
  } else {
    expression = primary();
  }
  --depth_;
  return expression;
}

Expression ConditionParser::primary() {
  if (token_ == "(") {
    advance();
    Expression expression = any();
    if (good_ && token_ != ")") fail("a ')' is missing");
    advance();
    return expression;
  }
  if (token_.empty()) {
    fail("it ends where the name of a detection is wanted");
    return {};
  }
  if (token_ == ")" || token_ == "|" || word("and") || word("or") || word("of")) {
    fail("'" + token_ + "' where the name of a detection is wanted");
    return {};
  }
  const std::string name = token_;
  const std::size_t start = start_;
  advance();
  if (word("of")) return quantified(name);
  for (std::size_t i = 0; i < detections_.named.size(); ++i)
    if (detections_.named[i].first == name) {
      used_[i] = true;
      return detections_.named[i].second;
    }
  start_ = start;
  fail("there is no detection '" + name + "'");
  return {};
}

Expression ConditionParser::quantified(const std::string& quantifier) {
  const bool every = equal_ignoring_case(quantifier, "all");
  if (!every && quantifier != "1" && !equal_ignoring_case(quantifier, "any")) {
    fail("'" + quantifier + " of' is not Sigma: it has '1 of', 'any of' and 'all of'");
    return {};
  }
  advance();
  if (token_.empty() || token_ == "(" || token_ == ")") {
    fail("'of' needs 'them' or a pattern as 'selection*'");
    return {};
  }
  const bool them = word("them");
  const Pattern pattern = parse_pattern(token_);
  std::vector<Expression> parts;
  for (std::size_t i = 0; i < detections_.named.size(); ++i) {
    const auto& [name, expression] = detections_.named[i];
    if (them ? name.rfind('_', 0) == 0 : !matches(pattern, name)) continue;
    used_[i] = true;
    parts.push_back(expression);
  }
  if (parts.empty()) fail("no detection is named like '" + token_ + "'");
  advance();
  return every ? Expression::every(std::move(parts)) : Expression::some(std::move(parts));
}

}  // namespace logystera::detect
