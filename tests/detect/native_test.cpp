// Native rules, and the YAML they are written in.
#include "catch.hpp"
#include "data.hpp"
#include "record_maker.hpp"

using namespace logystera;
using namespace logystera::detect;
using logystera::test::hits;
using logystera::test::refusal;

namespace {

std::string rule(const std::string& match, const std::string& condition = "all") {
  return "id: R\ntitle: R\nlevel: high\ndetection:\n  match: " + match + "\n  condition: " + condition + "\n";
}
bool test_of(const std::string& op, const std::string& value, const std::string& fields) {
  return hits(rule("[{field: message, op: " + op + ", value: " + value + "}]"), fields);
}

}  // namespace

TEST_CASE("native_operators_each_hold_and_do_not") {
  CHECK(test_of("contains", "Fail", "{message: 'a failed b'}"));
  CHECK_FALSE(test_of("contains", "Fail", "{message: 'ok'}"));
  CHECK(test_of("not_contains", "fail", "{message: 'ok'}"));
  CHECK_FALSE(test_of("not_contains", "fail", "{message: 'FAILED'}"));
  CHECK(test_of("regex", "'^a\\d+$'", "{message: 'a12'}"));
  CHECK_FALSE(test_of("regex", "'^a\\d+$'", "{message: 'A12'}"));
  CHECK(test_of("not_regex", "'\\d'", "{message: 'abc'}"));
  CHECK_FALSE(test_of("not_regex", "'\\d'", "{message: 'ab1'}"));
  CHECK(test_of("startswith", "ab", "{message: 'ABc'}"));
  CHECK_FALSE(test_of("startswith", "ab", "{message: 'xab'}"));
  CHECK(test_of("endswith", "bc", "{message: 'aBC'}"));
  CHECK_FALSE(test_of("endswith", "bc", "{message: 'bcx'}"));
  CHECK(test_of("equals", "ab", "{message: 'AB'}"));
  CHECK_FALSE(test_of("equals", "ab", "{message: 'abc'}"));
  CHECK(hits(rule("[{field: status, op: gte, value: 500}]"), "{status: 500}"));
  CHECK_FALSE(hits(rule("[{field: status, op: gte, value: 500}]"), "{status: 499}"));
  CHECK(hits(rule("[{field: status, op: lte, value: 500}]"), "{status: '500'}"));
  CHECK_FALSE(hits(rule("[{field: status, op: lte, value: 500}]"), "{status: 500.5}"));
}

TEST_CASE("native_text_operators_take_no_wildcards") {
  CHECK(test_of("contains", "'a*b'", "{message: 'xa*by'}"));
  CHECK_FALSE(test_of("contains", "'a*b'", "{message: 'xaxby'}"));
}

TEST_CASE("native_condition_any_is_or_and_all_is_and_and_the_default") {
  const std::string match = "[{field: a, op: equals, value: 1}, {field: b, op: equals, value: 2}]";
  CHECK(hits(rule(match, "any"), "{a: 1}"));
  CHECK_FALSE(hits(rule(match, "all"), "{a: 1}"));
  CHECK(hits(rule(match, "all"), "{a: 1, b: 2}"));
  const std::string unsaid = "id: R\ntitle: R\nlevel: high\ndetection: {match: " + match + "}\n";
  CHECK_FALSE(hits(unsaid, "{a: 1}"));
  CHECK(hits(unsaid, "{a: 1, b: 2}"));
}

TEST_CASE("native_conditions_nest") {
  const std::string match =
      "[{any: [{field: a, op: equals, value: 1}, {all: [{field: b, op: equals, value: 2}, {field: c, op: equals, value: "
      "3}]}]},"
      " {not: {field: d, op: exists, value: true}}, {not: [{field: e, op: equals, value: 1}, {field: f, op: equals, value: "
      "1}]}]";
  CHECK(hits(rule(match), "{a: 1}"));
  CHECK(hits(rule(match), "{b: 2, c: 3}"));
  CHECK_FALSE(hits(rule(match), "{b: 2}"));
  CHECK_FALSE(hits(rule(match), "{a: 1, d: x}"));
  CHECK(hits(rule(match), "{a: 1, e: 1}"));
  CHECK_FALSE(hits(rule(match), "{a: 1, e: 1, f: 1}"));
}

// The excluded texts all begin with what the rule looks for: it is told by them, not found by a literal.
TEST_CASE("a_rule_whose_exclusions_begin_with_what_it_looks_for_decides_as_any_other") {
  const std::string versions = rule(
      "[{field: protocol, op: startswith, value: 'HTTP/'}, {not: {field: protocol, op: equals, value: ['HTTP/1.1', "
      "'HTTP/2', "
      "'HTTP/k']}}]");
  for (const char* excluded : {"{protocol: 'HTTP/1.1'}", "{protocol: 'http/1.1'}", "{protocol: HTTP/2}",
                               "{protocol: 'HTTP/K'}", "{protocol: ['HTTP/3', 'HTTP/2']}", "{other: 1}", "{protocol: null}",
                               "{protocol: 11}", "{protocol: ['XHTTP/3', 'HTTP/2']}"})
    CHECK_FALSE(hits(versions, excluded));
  for (const char* found : {"{protocol: 'HTTP/1.2'}", "{protocol: 'HTTP/'}", "{protocol: 'http/1.11'}",
                            "{protocol: 'HTTP/1.1 '}", "{protocol: ['HTTP/3', x]}"})
    CHECK(hits(versions, found));
  const std::string without_guard = rule("[{not: {field: protocol, op: equals, value: 'HTTP/1.1'}}]");
  CHECK(hits(without_guard, "{other: 1}"));
  CHECK(hits(without_guard, "{protocol: 'HTTP/1'}"));
  CHECK_FALSE(hits(without_guard, "{protocol: 'http/1.1'}"));
}

TEST_CASE("a_test_that_one_rule_excludes_by_is_still_found_for_another") {
  const std::string excluding =
      "id: A\ntitle: A\nlevel: high\ndetection:\n  match: [{field: protocol, op: startswith, value: 'HTTP/'}, "
      "{not: {field: protocol, op: equals, value: ['HTTP/1.1', 'HTTP/2']}}]\n";
  const std::string including =
      "id: B\ntitle: B\nlevel: high\ndetection:\n  match: [{field: protocol, op: equals, value: 'HTTP/2'}]\n";
  for (const std::string& text : {excluding + "---\n" + including, including + "---\n" + excluding}) {
    const RuleSet set = logystera::test::rules_of(text);
    REQUIRE(set.rules.size() == 2);
    FieldNames names;
    Result<Engine> engine = Engine::compile(set, names);
    REQUIRE(engine.ok());
    RecordBatch batch;
    logystera::test::add_record("{protocol: 'HTTP/2'}", names, batch);
    logystera::test::add_record("{protocol: 'HTTP/9'}", names, batch);
    Session session(engine.value());
    const auto found = session.match(batch.records[0]);
    REQUIRE(found.size() == 1);
    CHECK(set.rules[found[0]].id == "B");
    const auto other = session.match(batch.records[1]);
    REQUIRE(other.size() == 1);
    CHECK(set.rules[other[0]].id == "A");
  }
}

TEST_CASE("native_example_of_the_specification_loads_and_fires") {
  const std::string example =
      "id: MY_RULE_001\ntitle: \"Sensitive file accessed\"\ndescription: \"Fires when /etc/passwd is accessed via nginx\"\n"
      "level: high  # low | medium | high | critical\ndetection:\n  match:\n    - field: message\n      op: contains\n"
      "      value: \"/etc/passwd\"\n    - field: message\n      op: regex\n      value: 'GET\\s+/etc/passwd'\n  "
      "condition: any\n";
  CHECK(hits(example, "{message: 'GET /x/etc/passwd'}"));
  CHECK_FALSE(hits(example, "{message: 'GET /etc/hosts'}"));
}

TEST_CASE("native_scope_names_kind_program_and_format") {
  const std::string scoped =
      "id: R\ntitle: R\nlevel: low\napplies_to: {kind: [auth, syslog], program: sshd}\n"
      "detection: {match: [{field: a, op: equals, value: 1}]}\n";
  CHECK(hits(scoped, "{kind: auth, program: SSHD, a: 1}"));
  CHECK_FALSE(hits(scoped, "{kind: auth, program: sudo, a: 1}"));
  CHECK_FALSE(hits(scoped, "{kind: web_access, program: sshd, a: 1}"));
}

TEST_CASE("native_refusals_name_place_and_remedy") {
  CHECK(refusal("id: R\ntitle: R\nlevel: severe\ndetection: {match: [{field: a, op: equals, value: 1}]}\n") ==
        "3:8 the level 'severe' is not one of low, medium, high, critical");
  CHECK(refusal("id: R\ntitle: R\nlevel: informational\ndetection: {match: [{field: a, op: equals, value: 1}]}\n")
            .find("3:8 the level") == 0);
  CHECK(refusal(rule("[{field: a, op: like, value: 1}]")).find("5:26 unknown operator 'like': there are contains,") == 0);
  for (const auto& [written, meant] : {std::pair("contain", "contains"), std::pair("starts_with", "startswith"),
                                       std::pair("EQUALS", "equals"), std::pair("not_contain", "not_contains")})
    CHECK(refusal(rule("[{field: a, op: " + std::string(written) + ", value: 1}]"))
              .find("unknown operator '" + std::string(written) + "': did you mean " + meant + "? there are contains,") !=
          std::string::npos);
  CHECK(refusal(rule("[{field: a, op: gte, value: many}]")).find("5:38 'many' is not a number") == 0);
  CHECK(refusal(rule("[{field: a, op: contains, value: ''}]")).find("an empty text would match everything") !=
        std::string::npos);
  CHECK(refusal(rule("[{field: a, op: regex, value: '('}]")).find("not a usable regular expression") != std::string::npos);
  CHECK(refusal(rule("[{field: a, op: equals}]")).find("the test has no value") != std::string::npos);
  CHECK(refusal(rule("[{feld: a, op: equals, value: 1}]"))
            .find("unknown key 'feld' in a test: it has field, op, value, cased") != std::string::npos);
  CHECK(refusal(rule("[{field: a, op: equals, value: 1}]", "some")).find("6:14 condition is 'any' or 'all'") == 0);
  CHECK(refusal("id: 'a b'\ntitle: R\nlevel: low\ndetection: {match: [{field: a, op: equals, value: 1}]}\n")
            .find("1:5 an id has") == 0);
  CHECK(refusal("title: R\nlevel: low\ndetection: {match: [{field: a, op: equals, value: 1}]}\n").find("'id' is missing") !=
        std::string::npos);
  CHECK(refusal("hello: world\n").find("no rule is recognised here") != std::string::npos);
  CHECK(refusal("- a\n").find("a rule is a map") != std::string::npos);
  CHECK(refusal("").find("there is nothing in it") != std::string::npos);
  std::string deep;
  for (int i = 0; i < 12; ++i) deep += "{not: ";
  CHECK(refusal(rule("[" + deep + "{field: a, op: equals, value: 1}" + std::string(12, '}') + "]")) ==
        "nothing was refused");
}

TEST_CASE("one_bad_document_does_not_take_the_others_with_it") {
  const RuleSet set = test::rules_of(
      "id: A\ntitle: A\nlevel: low\ndetection: {match: [{field: a, op: equals, value: 1}]}\n---\nx: y\n---\n"
      "id: B\ntitle: B\nlevel: low\ndetection: {match: [{field: a, op: equals, value: 1}]}\n");
  CHECK(set.rules.size() == 2);
  CHECK(set.refused() == 1);
  CHECK(set.documents[1].at.line == 6);
}

TEST_CASE("an_unreadable_file_or_directory_is_an_error") {
  Loader loader;
  CHECK_FALSE(loader.add_file("/nonexistent/rule.yml").ok());
  CHECK_FALSE(loader.add_directory("/nonexistent").ok());
}
