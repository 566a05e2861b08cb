// The language of conditions: what it takes, and what it says of the rest.
#include "filter/expression.hpp"

#include <algorithm>
#include <string>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::filter;

namespace {

// A condition with all parentheses.
std::string written(const Expression& expression, std::uint32_t number) {
  const Node& node = expression.nodes[number];
  if (node.kind == Node::Kind::test) {
    const Test& test = expression.tests[node.test];
    std::string out = test.field + " " + std::string(comparison_name(test.comparison));
    for (const Literal& value : test.values) out += (value.quoted ? " '" : " ") + value.text + (value.quoted ? "'" : "");
    return out;
  }
  if (node.kind == Node::Kind::no) return "not[" + written(expression, node.parts.front()) + "]";
  std::string out = node.kind == Node::Kind::all ? "and[" : "or[";
  for (std::size_t i = 0; i < node.parts.size(); ++i) out += (i > 0 ? ", " : "") + written(expression, node.parts[i]);
  return out + "]";
}
std::string read(std::string_view text) {
  auto expression = parse_expression("--where", text);
  INFO(text);
  REQUIRE(expression.ok());
  return written(expression.value(), static_cast<std::uint32_t>(expression->nodes.size() - 1));
}
struct Refusal {
  std::string message, drawing;
  ErrorKind kind;
};
Refusal refused(std::string_view text) {
  auto expression = parse_expression("--where", text);
  INFO(text);
  REQUIRE_FALSE(expression.ok());
  Error error = expression.error();
  const std::string drawing = take_drawing(error);
  return {error.message, drawing, error.kind};
}

}  // namespace

TEST_CASE("condition_not_binds_strongest_then_and_then_or") {
  CHECK(read("a = 1") == "a = 1");
  CHECK(read("a=1 or b=2 and not c=3") == "or[a = 1, and[b = 2, not[c = 3]]]");
  CHECK(read("(a=1 or b=2) AND c=3") == "and[or[a = 1, b = 2], c = 3]");
  CHECK(read("a=1 || b=2 && !c=3") == "or[a = 1, and[b = 2, not[c = 3]]]");
  CHECK(read("not not a = 1") == "not[not[a = 1]]");
}

TEST_CASE("condition_knows_every_comparison") {
  CHECK(read("status >= 500 and path contains \"/checkout\"") == "and[status >= 500, path contains '/checkout']");
  CHECK(read("a == 1 and b <> 2 and c != 3 and d < 4 and e <= 5 and f > -6.5") ==
        "and[a = 1, b != 2, c != 3, d < 4, e <= 5, f > -6.5]");
  CHECK(read("path starts with /api and path ENDS WITH '.php'") == "and[path starts with /api, path ends with '.php']");
  CHECK(read("ua matches /curl\\/[0-9]+\\s/ ") == "ua matches 'curl/[0-9]+\\s'");
  CHECK(read("ua matches 'a b'") == "ua matches 'a b'");
  CHECK(read("status in (500,502 , '503')") == "status in 500 502 '503'");
  CHECK(read("status not in (500)") == "not[status in 500]");
  CHECK(read("path not contains x") == "not[path contains x]");
  CHECK(read("user exists and not user exists") == "and[user exists, not[user exists]]");
}

TEST_CASE("condition_texts_stand_between_quotes") {
  CHECK(read("m = \"a\\\"b\\\\c\\d\"") == "m = 'a\"b\\c\\d'");
  CHECK(read("m = 'and'") == "m = 'and'");
  CHECK(read("größe = naïve") == "größe = naïve");
  CHECK(read("ip = 2001:db8::1 and mail = ann@example.com") == "and[ip = 2001:db8::1, mail = ann@example.com]");
}

TEST_CASE("condition_errors_name_the_column_and_the_remedy") {
  const Refusal missing = refused("status 500");
  CHECK(missing.message.find("--where, column 8: a comparison belongs behind status: write =,") == 0);
  CHECK(missing.drawing == "  status 500\n         ^\n");
  CHECK(refused("").message == "--where, column 1: it is empty: write a condition like status >= 500");
  CHECK(refused("a = 1 and").message == "--where, column 10: a condition is missing: write one like status >= 500");
  CHECK(refused("(a = 1").message == "--where, column 1: this parenthesis is not closed: write ) behind its condition");
  CHECK(refused("a = 1)").message == "--where, column 6: this parenthesis closes nothing: take it away");
  CHECK(refused("a = 1 b = 2").message.find("column 7: the condition before it is complete") != std::string::npos);
  CHECK(refused("a = and").message.find("column 5: this word is one of the language") != std::string::npos);
  CHECK(refused("a = 'x").message.find("column 5: this quote is not closed") != std::string::npos);
  CHECK(refused("a matches /x").message.find("column 11: this expression is not closed") != std::string::npos);
  CHECK(refused("a matches x").message.find("column 11: write an expression between slashes") != std::string::npos);
  CHECK(refused("a starts /x").message.find("column 10: write starts with and a text") != std::string::npos);
  CHECK(refused("a in 5").message.find("column 6: write the values between parentheses") != std::string::npos);
  CHECK(refused("a in (5 6)").message.find("column 9: write a comma between values") != std::string::npos);
  CHECK(refused("a in (5").message.find("column 6: write a comma between values, and )") != std::string::npos);
  CHECK(refused("a not = 5").message.find("column 7: write in (") != std::string::npos);
  CHECK(refused("a = 5 ; drop").message.find("column 7: this character means nothing here") != std::string::npos);
  CHECK(refused("'a' = 5").message.find("column 1: a field's name belongs here") != std::string::npos);
}

TEST_CASE("condition_errors_show_strangers_text_neutralised_and_in_columns") {
  CHECK(refused("größe 5").drawing == "  größe 5\n        ^\n");
  CHECK(refused("\x1b[31m").drawing == "  \\x1b[31m\n  ^\n");
  CHECK(refused("a " + std::string(3000, '\xbd')).drawing.size() < 2000);
  const Refusal far = refused(std::string(100, 'a') + " = 1 and b 2");
  CHECK(far.message.find("column 112:") != std::string::npos);
  const std::size_t lines = static_cast<std::size_t>(std::count(far.drawing.begin(), far.drawing.end(), '\n'));
  CHECK(lines == 2);
  CHECK(far.drawing.size() < 2 * 64 + 4);
}

TEST_CASE("condition_limits_hold") {
  const auto many = [](const char* one, std::size_t count, const char* between = "") {
    std::string out = one;
    for (std::size_t i = 1; i < count; ++i) out += std::string(between) + one;
    return out;
  };
  const auto nested = [](std::size_t depth) { return std::string(depth, '(') + "a=1" + std::string(depth, ')'); };
  CHECK(parse_expression("--where", nested(kDepthMost)).ok());
  CHECK(refused(nested(kDepthMost + 1)).message.find("stand within each other") != std::string::npos);
  CHECK(refused(many("not ", kDepthMost + 1) + "a=1").message.find("stand within each other") != std::string::npos);
  CHECK(parse_expression("--where", many("a=1", kTestsMost, " or ")).ok());
  CHECK(refused(many("a=1", kTestsMost + 1, " or ")).message.find("more than 256 tests") != std::string::npos);
  CHECK(parse_expression("--where", "a in (" + many("1", kValuesMost, ",") + ")").ok());
  CHECK(refused("a in (" + many("1", kValuesMost + 1, ",") + ")").message.find("more than 1000 values") !=
        std::string::npos);
  CHECK(parse_expression("--where", "a = '" + std::string(kExpressionBytes - 6, 'x') + "'").ok());
  CHECK(refused("a = '" + std::string(kExpressionBytes - 5, 'x') + "'").kind == ErrorKind::too_large);
}
