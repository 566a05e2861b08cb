#include "redact/patterns.hpp"

#include "catch.hpp"

using namespace logystera::redact;
using Catch::Matchers::Contains;

namespace {
std::string refusal(const std::string& yaml) {
  auto patterns = parse_patterns(yaml, "pii_rules.yaml");
  return patterns.ok() ? "accepted" : patterns.error().message;
}
}  // namespace

TEST_CASE("a_pattern_file_is_read") {
  auto patterns = parse_patterns(
      "patterns:\n  - name: employee_id\n    pattern: '\\bEMP-\\d{4,8}\\b'\n    prefix: employee\n"
      "  - {name: order_id, pattern: 'ORD-[A-Z0-9]{8,12}', prefix: order}\n",
      "pii_rules.yaml");
  REQUIRE(patterns.ok());
  REQUIRE(patterns->size() == 2);
  CHECK(patterns.value()[0].name() == "employee_id");
  CHECK(patterns.value()[1].prefix() == "order");
  std::vector<Hit> hits;
  patterns.value()[0].find("EMP-1234, XEMP-1234, EMP-12345678 and EMP-123", 3, hits);
  REQUIRE(hits.size() == 2);
  CHECK(hits[0] == Hit{0, 8, Kind::own, 3});
  CHECK(hits[1] == Hit{21, 33, Kind::own, 3});
}

TEST_CASE("a_file_of_comments_has_no_patterns") {
  CHECK(parse_patterns("# nothing yet\n", "p").ok());
  CHECK(parse_patterns("", "p").ok());
  CHECK(parse_patterns("patterns:\n", "p").ok());
}

TEST_CASE("a_refused_pattern_file_says_where_and_why") {
  CHECK_THAT(refusal("patterns:\n  - name: a\n    pattern: '(?=x)'\n    prefix: a\n"),
             Contains("pii_rules.yaml:3:15: ") && Contains("look-around"));
  CHECK_THAT(refusal("patterns:\n  - name: a\n    pattern: 'x*'\n    prefix: a\n"),
             Contains(":3:") && Contains("empty text"));
  CHECK_THAT(refusal("patterns:\n  - name: a\n    pattern: 'x'\n    prefix: 'A B'\n"), Contains("prefix 'A B'"));
  CHECK_THAT(refusal("patterns:\n  - name: a\n    pattern: 'x'\n"), Contains(":2:5: the key prefix is missing"));
  CHECK_THAT(refusal("patterns:\n  - name: a\n    regex: 'x'\n    prefix: a\n"), Contains(":3:5: unknown key 'regex'"));
  CHECK_THAT(refusal("pattern: []\n"), Contains("pii_rules.yaml:1:1: unknown key"));
  CHECK_THAT(refusal("patterns: 7\n"), Contains("must be a list"));
  CHECK_THAT(refusal("patterns:\n  - {name: a, pattern: x, prefix: a}\n  - {name: a, pattern: y, prefix: b}\n"),
             Contains(":3:6: the name 'a' is used twice"));
  CHECK_THAT(refusal("patterns: [\n"), Contains("pii_rules.yaml:2:") && Contains("not valid YAML"));
  CHECK_THAT(refusal("patterns:\n  - {name: a, pattern: [x], prefix: a}\n"), Contains("must be text"));
  CHECK_THAT(load_patterns("/nonexistent/pii.yaml").error().message, Contains("cannot be opened"));
}

TEST_CASE("pattern_files_are_bounded") {
  std::string many = "patterns:\n";
  for (std::size_t i = 0; i <= kPatterns; ++i) many += "  - {name: n" + std::to_string(i) + ", pattern: x, prefix: p}\n";
  CHECK_THAT(refusal(many), Contains("more than 64 patterns"));
  CHECK_THAT(refusal(std::string(kPatternFileBytes + 1, '#')), Contains("256 KiB"));
  CHECK_THAT(refusal("patterns:\n  - {name: a, pattern: '" + std::string(kPatternBytes + 1, 'x') + "', prefix: p}\n"),
             Contains("longer than 1024"));
  CHECK_THAT(refusal("patterns:\n  - {name: a, pattern: '((a{1,100}){1,100}){1,100}', prefix: p}\n"),
             Contains("not a regular expression"));
}
