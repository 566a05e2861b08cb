#include "yaml/yaml.hpp"

#include <cmath>
#include <string>

#include "catch.hpp"

using namespace logystera;

TEST_CASE("yaml_bomb_is_refused_before_it_grows") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += (k ? ", " : "") + before;
    bomb += "]\n";
  }
  const yaml::Documents documents = yaml::parse(bomb);
  CHECK_FALSE(documents.ok());
  CHECK(documents.problem.at.line == 6);
  CHECK(documents.problem.message.find("makes this more than 400000 values") != std::string::npos);
}

TEST_CASE("yaml_copies_of_long_texts_count_with_their_length") {
  std::string text = "- &a " + std::string(100'000, 'x') + "\n";
  for (int i = 0; i < 60; ++i) text += "- *a\n";
  const yaml::Problem problem = yaml::parse(text).problem;
  CHECK(problem.at.line == 42);  // 41 times with the one the anchor keeps
  CHECK(problem.message.find("anchors and aliases stand for more than 4194304 bytes") == 0);

  std::string nested;
  for (int i = 0; i < 20; ++i) nested += "[&a" + std::to_string(i) + " ";
  nested += "[" + std::string(60'000, '1');
  for (std::size_t i = nested.size() - 59'999; i < nested.size(); i += 2) nested[i] = ',';
  nested += "]" + std::string(20, ']');
  CHECK(yaml::parse(nested).problem.message.find("anchors within anchors stand for more than 400000 values") == 0);
}

TEST_CASE("yaml_limits_and_errors_name_the_place") {
  yaml::Limits limits;
  limits.bytes = 10;
  CHECK(yaml::parse("a: 12345678", limits).problem.message.find("11 bytes, more than the 10") == 0);
  CHECK(yaml::parse(std::string(40, '[') + std::string(40, ']')).problem.message.find("nested deeper than 32 levels") == 0);
  CHECK(yaml::parse("a: 1\nb: 2\na: 3\n").problem.at.line == 3);
  CHECK(yaml::parse("a: 1\nb: 2\na: 3\n").problem.message.find("'a' is there already, in line 1") != std::string::npos);
  CHECK(yaml::parse("a: *x\n").problem.message.find("the alias *x has no anchor") == 0);
  const yaml::Problem open = yaml::parse("a: [1, 2\nb: 3\n").problem;
  CHECK(open.message.find("not valid YAML") == 0);
  CHECK(open.at.line == 3);
  CHECK(yaml::parse("a: \xFF\n").problem.message.find("UTF-8") != std::string::npos);
  CHECK(yaml::parse(std::string_view("a: 1\nb: \0", 9)).problem.at.line == 2);
}

TEST_CASE("yaml_quotes_in_quotes_are_read_as_written") {
  const yaml::Documents documents = yaml::parse("a: ['q''''z', 'x''''''y', 'p''q''''', '''''']\nb: 'é''''\\d'\n");
  REQUIRE(documents.ok());
  const std::vector<yaml::Node>& items = documents.roots[0].find("a")->items;
  REQUIRE(items.size() == 4);
  CHECK(items[0].text == "q''z");
  CHECK(items[1].text == "x'''y");
  CHECK(items[2].text == "p'q''");
  CHECK(items[3].text == "''");
  CHECK(documents.roots[0].find("b")->text == "é''\\d");
  CHECK(yaml::parse("a: 'x''''\n  y'\n").problem.message.find("put it in double quotes") != std::string::npos);
}

TEST_CASE("yaml_types_follow_the_core_schema") {
  const yaml::Documents documents = yaml::parse(
      "[1, -2, 0x1F, 0o17, 1.5, 1e3, 0050, true, null, ~, yes, '1', \"x\\ty\", 1.2.3, .inf, 99999999999999999999]");
  REQUIRE(documents.ok());
  const std::vector<yaml::Node>& all = documents.roots[0].items;
  using K = yaml::Node::Kind;
  const K kinds[] = {K::integer, K::integer, K::integer, K::integer, K::real,   K::real,   K::integer, K::boolean,
                     K::null,    K::null,    K::string,  K::string,  K::string, K::string, K::real,    K::real};
  REQUIRE(all.size() == std::size(kinds));
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].text);
    CHECK(all[i].kind == kinds[i]);
  }
  CHECK(all[1].integer == -2);
  CHECK(all[2].integer == 31);
  CHECK(all[3].integer == 15);
  CHECK(all[6].integer == 50);
  CHECK(all[12].text == "x\ty");
}

TEST_CASE("yaml_says_which_texts_stood_in_quotes") {
  const yaml::Documents documents = yaml::parse("- a\n- 'b'\n- \"c\"\n- |\n  d\n");
  REQUIRE(documents.ok());
  const std::vector<yaml::Node>& items = documents.roots.at(0).items;
  CHECK_FALSE(items.at(0).quoted);
  CHECK(items.at(1).quoted);
  CHECK(items.at(1).at.column == 3);
  CHECK(items.at(2).quoted);
  CHECK_FALSE(items.at(3).quoted);
}
