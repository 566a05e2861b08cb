// The language of --where, as it is written:
//
//   status >= 500 and path contains "/checkout"
//   not (program = sshd or program in (sudo, su)) and level >= warning
//   user_agent matches /curl|wget/ and time >= "yesterday 22:00"
//
//   expression   and-term { "or" and-term }             "not" binds strongest, then "and"
//   and-term     term { "and" term }
//   term         "not" term | "(" expression ")" | test
//   test         FIELD ( = != < <= > >= VALUE | contains VALUE | starts with VALUE | ends with VALUE
//                      | matches /RE2/ | [not] in ( VALUE, … ) | exists )
//   VALUE        a word of letters, digits and _ . : / @ % + * -, or a text in "…" or '…' with \ before a quote or a backslash
//
// Words of the language are recognised in any case. `==`, `<>`, `&&`, `||` and `!` are understood as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::filter {

inline constexpr std::size_t kExpressionBytes = 4096;
inline constexpr std::size_t kDepthMost = 64;  // of parentheses and "not"
inline constexpr std::size_t kTestsMost = 256;
inline constexpr std::size_t kValuesMost = 1'000;  // of all "in" lists together

enum class Comparison : std::uint8_t {
  equal,
  unequal,
  less,
  less_equal,
  greater,
  greater_equal,
  contains,
  starts_with,
  ends_with,
  matches,
  in,
  exists,
};

/// As it is written: "=", "starts with".
std::string_view comparison_name(Comparison comparison) noexcept;

struct Literal {
  std::string text;
  std::size_t at = 0;   // byte of the expression it begins at
  bool quoted = false;  // not to be read as a number
};

struct Test {
  std::string field;  // as written
  std::size_t at = 0;
  Comparison comparison = Comparison::equal;
  std::vector<Literal> values;  // one, or those of "in", or none of "exists"
};

/// A node: a test, or what its parts amount to. Parts are nodes before it.
struct Node {
  enum class Kind : std::uint8_t { test, all, any, no };
  Kind kind = Kind::test;
  std::uint32_t test = 0;  // of Kind::test
  std::vector<std::uint32_t> parts;
};

struct Expression {
  std::vector<Test> tests;
  std::vector<Node> nodes;  // the last one is the whole
};

/// "OPTION, column 8: WHAT", and behind the message's first line a drawing: at most 60 characters around the place, neutralised, and a
/// caret under it.
Error wrong_at(std::string_view option, std::string_view text, std::size_t at, std::string_view what);

/// The drawing an error carries, each line with its end, or nothing; the error is without it afterwards.
std::string take_drawing(Error& error);

/// Errors name the column and the remedy, and draw the place.
Result<Expression> parse_expression(std::string_view option, std::string_view text);

}  // namespace logystera::filter
