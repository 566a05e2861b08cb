// What a rule was compiled to, for a person to read: what the engine looks for to find candidates, what it then evaluates, and
// what it counts. Taken from the engine's own tables, so it is what runs, not what the rule's author wrote.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "detect/rule.hpp"

namespace logystera::detect {

class Engine;

/// A text or a number whose finding makes a rule a candidate. Texts are folded, as they are looked for.
struct ExplainedLiteral {
  enum class Anchor : std::uint8_t { anywhere, start, end, whole };
  std::string place;  // field, or a part as in "(message)"
  Anchor anchor = Anchor::anywhere;
  std::string text;
};
struct ExplainedNumber {
  std::string place;
  double number = 0;
};

/// One test as it is evaluated.
struct ExplainedTest {
  std::vector<std::string> places;  // it holds if it holds at any of them
  /// "equals", "contains", "starts with", "ends with", "matches", "finds", "gte", "is", "is null", "exists", "is absent", "is in",
  /// "minute gte" …
  std::string operation;
  std::string value;                 // a text, an expression, a number, a network; or empty
  std::vector<std::string> against;  // places of the other field, in place of a value
  bool text = false;                 // the value is a text, to be quoted
  bool cased = false;                // of texts: the case of ASCII letters counts
  bool indexed = false;              // looking for its literal answers it; the text is not searched again
  std::uint32_t least_bytes = 0;     // expressions: shorter texts are not searched
};

/// A condition, its children in the order they are evaluated: the cheap ones first.
struct ExplainedCondition {
  Expression::Kind kind = Expression::Kind::all;
  std::vector<ExplainedCondition> children;
  ExplainedTest test;  // kind test
};

struct Explanation {
  std::uint32_t rule = 0;  // index in the set
  bool is_window = false;  // then Rule::window says the rest, and what follows is empty
  Scope scope;             // which records it looks at
  /// Looked at for every record of its log source; else only for those in which one of the literals or numbers is found.
  bool always = false;
  std::vector<ExplainedLiteral> literals;
  std::vector<ExplainedNumber> numbers;
  ExplainedCondition condition;
};

/// "anywhere", "start", "end" or "whole".
std::string_view anchor_name(ExplainedLiteral::Anchor anchor) noexcept;

/// "field", or "(message)" for what is no field.
std::string place_name(const Place& place);

/// `rule` is an index in the engine's rules.
Explanation explain(const Engine& engine, std::uint32_t rule);

}  // namespace logystera::detect
