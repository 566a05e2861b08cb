// What a rule says it was compiled to.
#include <algorithm>

#include "catch.hpp"
#include "detect/engine.hpp"
#include "detect/explain.hpp"
#include "detect/loader.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

// The set `yaml` makes, compiled, and the explanation of the rule of that id.
struct Explained {
  RuleSet rules;
  FieldNames names;
  Explanation what;

  Explained(const std::string& yaml, const std::string& id) {
    Loader loader;
    loader.add_text("rules.yml", yaml);
    rules = loader.finish();
    const Rule* rule = rules.find(id);
    REQUIRE(rule != nullptr);
    auto engine = Engine::compile(rules, names);
    REQUIRE(engine);
    what = explain(engine.value(), static_cast<std::uint32_t>(rule - rules.rules.data()));
  }
};

std::string native(const std::string& match, const std::string& condition = "all") {
  return "id: R\ntitle: R\nlevel: high\ndetection:\n  match: " + match + "\n  condition: " + condition + "\n";
}

}  // namespace

TEST_CASE("a_rule_explains_the_literal_it_is_looked_for_by") {
  const Explained one(
      native("[{field: message, op: contains, value: 'Failed Password'}, {field: status, op: gte, value: 500}]"), "R");
  CHECK_FALSE(one.what.is_window);
  CHECK_FALSE(one.what.always);
  REQUIRE(one.what.literals.size() == 1);
  CHECK(one.what.literals[0].place == "(message)");
  CHECK(one.what.literals[0].text == "failed password");
  CHECK(anchor_name(one.what.literals[0].anchor) == "anywhere");
  CHECK(one.what.numbers.empty());
}

TEST_CASE("the_condition_explained_stands_in_the_order_it_is_evaluated") {
  const Explained one(native("[{field: message, op: regex, value: '^a\\d{3}'}, {field: status, op: gte, value: 500}]"),
                      "R");
  REQUIRE(one.what.condition.kind == Expression::Kind::all);
  REQUIRE(one.what.condition.children.size() == 2);
  const ExplainedTest& first = one.what.condition.children[0].test;
  CHECK(first.places == std::vector<std::string>{"status"});
  CHECK(first.operation == "gte");
  CHECK(first.value == "500");
  const ExplainedTest& second = one.what.condition.children[1].test;
  CHECK(second.operation == "finds");
  CHECK(second.value.find("a\\d{3}") != std::string::npos);
  CHECK(second.least_bytes == 4);
}

TEST_CASE("a_rule_told_by_what_it_excludes_says_that_it_is_always_evaluated") {
  const std::string begins = "[{field: protocol, op: startswith, value: 'HTTP/'}, ";
  CHECK(
      Explained(native(begins + "{not: {field: protocol, op: equals, value: ['HTTP/1.1', 'HTTP/2']}}]"), "R").what.always);
  CHECK_FALSE(
      Explained(native(begins + "{not: {field: protocol, op: equals, value: ['HTTP/1.1', 'SPDY']}}]"), "R").what.always);
  CHECK_FALSE(Explained(native(begins + "{not: {field: other, op: equals, value: 'HTTP/1.1'}}]"), "R").what.always);
}

TEST_CASE("a_rule_without_a_literal_says_that_it_is_always_evaluated") {
  const Explained one(native("[{field: status, op: gte, value: 500}]"), "R");
  CHECK(one.what.always);
  CHECK(one.what.literals.empty());
}

TEST_CASE("a_number_a_rule_is_looked_for_by_is_explained") {
  const Explained one(native("[{field: EventID, op: equals, value: 4625}]"), "R");
  REQUIRE(one.what.numbers.size() == 1);
  CHECK(one.what.numbers[0].place == "EventID");
  CHECK(one.what.numbers[0].number == 4625);
}

TEST_CASE("sigma_modifiers_are_explained_as_what_they_became") {
  const Explained one(
      "title: S\nid: 11111111-2222-3333-4444-555555555555\nlogsource: {category: webserver}\ndetection:\n"
      "  sel:\n    cs-uri-query|cased|startswith: 'Ab'\n    c-ip|cidr: '10.0.0.0/8'\n    cs-host: 'a*b?c'\n"
      "  not_this: {cs-method: null}\n  condition: sel and not not_this\nlevel: high\n",
      "11111111-2222-3333-4444-555555555555");
  std::vector<const ExplainedTest*> tests;
  const auto gather = [&](const auto& self, const ExplainedCondition& node) -> void {
    if (node.kind == Expression::Kind::test) tests.push_back(&node.test);
    for (const ExplainedCondition& child : node.children) self(self, child);
  };
  gather(gather, one.what.condition);
  const auto find = [&](const std::string& operation) -> const ExplainedTest& {
    const auto found =
        std::find_if(tests.begin(), tests.end(), [&](const ExplainedTest* test) { return test->operation == operation; });
    REQUIRE(found != tests.end());
    return **found;
  };
  CHECK(find("starts with").cased);
  CHECK(find("starts with").value == "Ab");
  CHECK(find("is in").value == "10.0.0.0/8");
  CHECK(find("matches").value == "a*b?c");
  CHECK(find("is null").value.empty());
}

TEST_CASE("a_window_is_explained_as_one") {
  const Explained one(
      native("[{field: status, op: equals, value: 404}]") + "window: {span: 60s, group_by: client_ip, count: {gte: 20}}\n",
      "R");
  CHECK(one.what.is_window);
  CHECK(one.what.literals.empty());
}
