#include "assist/redacted.hpp"

#include <cstdlib>
#include <string>

#include "assist_texts.hpp"

using namespace logystera;
using namespace logystera::assist;
using namespace logystera::testing;

namespace {

// Whether that case of compile_fail.cpp.in is C++.
bool compiles(int number) {
  const std::string sources = LOGYSTERA_SOURCES;
  const std::string command = std::string(LOGYSTERA_COMPILER) +
                              " -std=c++20 -fsyntax-only -w -DRAPIDJSON_HAS_STDSTRING=1 -DCASE=" + std::to_string(number) +
                              " -I" + sources + "/src -x c++ " + sources +
                              "/tests/assist/compile_fail.cpp.in >/dev/null 2>&1";
  return std::system(command.c_str()) == 0;
}

}  // namespace

TEST_CASE("text_that_is_not_redacted_does_not_compile_into_a_prompt") {
  REQUIRE(compiles(0));
  for (int number = 1; number <= 9; ++number) {
    INFO("case " << number);
    CHECK_FALSE(compiles(number));
  }
}

TEST_CASE("a_redaction_that_changes_nothing_is_refused") {
  redact::Options options;
  options.mode = redact::Mode::dry_run;
  const auto made = Redaction::make(std::move(options));
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().message.find("dry-run") != std::string::npos);
}

TEST_CASE("redacting_twice_changes_nothing") {
  for (const auto mode : {redact::Mode::redact, redact::Mode::mask}) {
    const Redaction redaction = redaction_of(mode);
    for (const Planted& planted : every_kind()) {
      for (int salt = 0; salt < 50; ++salt) {
        const std::string text = planted.text + " and " + std::to_string(salt) + " more";
        const std::string once = redaction(text).text();
        INFO(once);
        CHECK(once.find(planted.value) == std::string::npos);
        CHECK(redaction(once).text() == once);
      }
    }
  }
}

TEST_CASE("what_is_cut_was_redacted_before") {
  const Redaction redaction = redaction_of(redact::Mode::mask);
  const std::string text = "mail to someone.with.a.long.name@example.com";
  for (std::size_t bytes = 1; bytes < text.size(); ++bytes)
    CHECK(redaction(text).cut(bytes).text().find("someone") == std::string::npos);
  CHECK(redaction("äöü").cut(3).text() == "ä…");
  CHECK(redaction("äöü").cut(6).text() == "äöü");
}

TEST_CASE("names_of_files_are_looked_at_part_by_part") {
  const Redaction redaction = redaction_of(redact::Mode::mask);
  CHECK(redaction.name("/var/log/4111111111111111.log").text() == "/var/log/<card>.log");
  CHECK(redaction.name("/home/planted.person@example.com/x.log").text() == "/home/<email>/x.log");
  CHECK(redaction.name("2001:db8:4711::99.log.gz").text() == "<ip>.log.gz");
  CHECK(redaction.name("access.log.1").text() == "access.log.1");
  CHECK(redaction.name("").text().empty());
  CHECK(redaction.name("//").text() == "//");
}

TEST_CASE("what_stood_behind_a_value_that_was_replaced_is_replaced_too") {
  const Redaction redaction = redaction_of(redact::Mode::mask);
  const std::string text = redaction("%a@b.example+49 30 901820").text();
  INFO(text);
  CHECK(text.find("901820") == std::string::npos);
}
