// Statements taken apart.
#include "ask/statement.hpp"

#include <string>

#include "catch.hpp"

using namespace logystera::ask;

namespace {

Statement read(const std::string& text) {
  return read_statement(text, [](const std::string& one) { return one == "long" ? std::string("sh'ort") : one; });
}

}  // namespace

TEST_CASE("statement_rewrites_texts_and_nothing_else") {
  CHECK(read("SELECT 'a' FROM log").text == "SELECT 'a' FROM log");
  CHECK(read("SELECT 'long', \"long\", long -- 'long'\n/* 'long' */ , 'it''s'").text ==
        "SELECT 'sh''ort', \"long\", long -- 'long'\n/* 'long' */ , 'it''s'");
  CHECK(read("").text.empty());
  for (const char* open : {"'long", "\"long", "[long", "/* long", "-- long", "'", "'a''"}) CHECK(read(open).text == open);
}

TEST_CASE("statement_names_are_words_and_quoted_names") {
  const auto names = read("SELECT a, \"b c\", [d], `e` FROM log WHERE a = 'no'").names;
  CHECK(names == std::vector<std::string>{"SELECT", "a", "b c", "d", "e", "FROM", "log", "WHERE"});
}

TEST_CASE("statement_places_lead_back_to_what_was_written") {
  const std::string written = "SELECT 'long', 'long', stauts";
  const Statement statement = read(written);
  CHECK(statement.text == "SELECT 'sh''ort', 'sh''ort', stauts");
  CHECK(statement.origin(statement.text.find("stauts")) == written.find("stauts"));
  CHECK(statement.origin(3) == 3);
  CHECK(statement.origin(statement.text.size()) == written.size());
}
