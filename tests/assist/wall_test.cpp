#include "assist/wall.hpp"

#include "assist/prompt.hpp"
#include "assist_texts.hpp"

using namespace logystera;
using namespace logystera::assist;
using namespace logystera::testing;

namespace {

Wall wall() { return Wall(redact_options(redact::Mode::redact), rules_before()); }

std::string body_of(std::string_view content) {
  JsonText json;
  json.begin_object().member("model", "gemma3:4b").key("messages").begin_array();
  json.begin_object().member("role", "user").member("content", content).end_object().end_array().end_object();
  return json.take();
}

}  // namespace

TEST_CASE("no_kind_of_personal_data_passes_the_wall") {
  const Wall second = wall();
  std::uint64_t refused = 0;
  for (const Planted& planted : every_kind()) {
    INFO(planted.kind);
    const auto passed = second.pass(body_of("[1] {\"message\":\"" + planted.text + "\"}"));
    REQUIRE_FALSE(passed.ok());
    CHECK(passed.error().message.find("redaction failed") != std::string::npos);
    CHECK(passed.error().message.find(planted.value) == std::string::npos);
    CHECK(second.refused() == ++refused);
  }
}

TEST_CASE("what_redaction_has_written_passes_the_wall") {
  for (const auto mode : {redact::Mode::redact, redact::Mode::mask}) {
    const Redaction redaction = redaction_of(mode);
    const Wall second(redaction.options(), rules_before());
    for (const Planted& planted : every_kind()) {
      for (int salt = 0; salt < 100; ++salt) {
        const std::string body = body_of(redaction(planted.text + " nr " + std::to_string(salt)).text());
        INFO(body);
        CHECK(second.pass(body).ok());
      }
    }
  }
}

TEST_CASE("the_programs_own_words_pass_the_wall_whatever_patterns_there_are") {
  redact::Options options = redact_options(redact::Mode::redact);
  options.patterns.push_back(redact::Pattern::compile("word", R"(\bevidence\b)", "word").value());
  options.patterns.push_back(redact::Pattern::compile("hex", R"(\b[a-z]+_[0-9a-f]{8}\b)", "hexed").value());
  const Wall second(options, rules_before());
  const Redaction redaction = Redaction::make(options).value();
  CHECK(second.pass(body_of(rules_before())).ok());
  CHECK(second.pass(body_of(redaction("from 203.0.113.77 and EMP-4711990").text())).ok());
  CHECK_FALSE(second.pass(body_of("EMP-4711990")).ok());
}

TEST_CASE("times_counts_and_fences_are_no_personal_data") {
  const Wall second = wall();
  const Redaction redaction = redaction_of();
  for (std::int64_t i = 0; i < 400; ++i) {
    Prompt prompt{"Summarize.", {}, redaction("how many in the past 7 days?")};
    prompt.evidence.emplace_back()
        .add("count", static_cast<std::uint64_t>(i * 7919 * 104729))
        .add("line", static_cast<std::uint64_t>(i * i * 31))
        .add_time("time", 1'774'211'679 + i * 86'399);
    const Messages messages = written(prompt, 8000).value();
    INFO(messages.user());
    CHECK(second.pass(body_of(messages.user())).ok());
  }
}

TEST_CASE("what_is_shown_of_the_unseen_is_no_personal_data") {
  const Redaction redaction = redaction_of();
  const Wall second(redaction.options(), rules_before());
  for (const char* text : {"token=\n  next line", "password:\nnext", "token=\x1b[31mred", "secret=\u200bhidden",
                           "Bearer \n", "token=\n\t\n", "password=", "token={x", "a \"password"}) {
    Prompt prompt{"Explain.", {}, redaction(text)};
    prompt.evidence.emplace_back().add("message", redaction(text));
    INFO(text);
    CHECK(second.pass(body_of(written(prompt, 8000).value().user())).ok());
  }
  // An escape of what is seen is what it stands for.
  CHECK_FALSE(second.pass(body_of("\\u0061\\u0040example.com and a@example.com")).ok());
}
