#include "assist/answer_stream.hpp"
#include "assist/answer_text.hpp"
#include "assist/period.hpp"
#include "assist/questions.hpp"
#include "assist_texts.hpp"

using namespace logystera;
using namespace logystera::assist;

namespace {

using Make = std::unique_ptr<Decoder> (*)(Decoder::Piece);

struct Heard {
  std::string text, error;
  Ending ending;
  friend bool operator==(const Heard& a, const Heard& b) {
    return a.text == b.text && a.error == b.error && a.ending.reason == b.ending.reason &&
           a.ending.prompt_tokens == b.ending.prompt_tokens;
  }
};

Heard hear(Make make, const std::vector<std::string_view>& pieces) {
  Heard heard;
  const auto decoder = make([&](std::string_view text) { heard.text += text; });
  for (const std::string_view piece : pieces) {
    if (auto done = decoder->take(piece); !done) {
      heard.error = done.error().message;
      return heard;
    }
  }
  if (auto ending = decoder->finish(); ending) heard.ending = ending.value();
  else heard.error = ending.error().message;
  return heard;
}

// The same answer, however a network cuts it.
Heard hear_cut_anywhere(Make make, std::string_view stream) {
  const Heard whole = hear(make, {stream});
  for (std::size_t at = 0; at <= stream.size(); ++at) {
    INFO("cut at " << at);
    CHECK(hear(make, {stream.substr(0, at), stream.substr(at)}) == whole);
  }
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < stream.size(); ++at) bytes.push_back(stream.substr(at, 1));
  CHECK(hear(make, bytes) == whole);
  return whole;
}

}  // namespace

TEST_CASE("ollamas_lines_are_an_answer") {
  const Heard heard = hear_cut_anywhere(
      ollama_decoder,
      "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"Hé\"},\"done\":false}\n"
      "{\"message\":{\"content\":\"llo\"},\"done\":false,\"unknown\":[1]}\r\n\n"
      "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":42}\n");
  CHECK(heard.text == "Héllo");
  CHECK(heard.error.empty());
  CHECK(heard.ending.reason == "stop");
  CHECK(heard.ending.prompt_tokens == 42);
}

TEST_CASE("an_error_after_200_is_an_error_with_every_provider") {
  CHECK(hear_cut_anywhere(ollama_decoder, "{\"message\":{\"content\":\"a\"}}\n{\"error\":\"out of memory\"}\n")
            .error.find("out of memory") != std::string::npos);
  CHECK(hear_cut_anywhere(claude_decoder,
                          "event: error\ndata: "
                          "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n")
            .error.find("Overloaded") != std::string::npos);
  CHECK(hear_cut_anywhere(openai_decoder, "data: {\"error\":{\"message\":\"no slots\",\"code\":500}}\n\n")
            .error.find("no slots") != std::string::npos);
}

TEST_CASE("claudes_events_are_an_answer_and_unknown_ones_are_passed_over") {
  const Heard heard = hear_cut_anywhere(
      claude_decoder,
      "event: message_start\ndata: "
      "{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n"
      "event: content_block_start\ndata: "
      "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
      "event: ping\ndata: {\"type\": \"ping\"}\n\n: a comment\n\n"
      "event: content_block_delta\ndata: "
      "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Hell\"}}\n\n"
      "event: content_block_delta\ndata: "
      "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n"
      "event: of_the_future\ndata: {\"type\":\"of_the_future\",\"x\":{}}\n\n"
      "event: content_block_delta\r\ndata: "
      "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"o\"}}\r\n\r\n"
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
      "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
  CHECK(heard.text == "Hello");
  CHECK(heard.error.empty());
  CHECK(heard.ending.reason == "stop");
  CHECK(heard.ending.prompt_tokens == 25);
}

TEST_CASE("openais_chunks_are_an_answer") {
  const Heard heard = hear_cut_anywhere(
      openai_decoder,
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null},\"finish_reason\":null}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\\nb\"},\"finish_reason\":null}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}],\"error\":null}\n\n"
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7}}\n\ndata: [DONE]\n\n");
  CHECK(heard.text == "a\nb");
  CHECK(heard.error.empty());
  CHECK(heard.ending.reason == "length");
  CHECK(heard.ending.prompt_tokens == 7);
}

TEST_CASE("an_answer_that_breaks_off_is_said_to") {
  for (const Make make : {&ollama_decoder, &claude_decoder, &openai_decoder})
    CHECK(hear(make, {""}).error.find("broken off") != std::string::npos);
  CHECK(hear(ollama_decoder, {"{\"message\":{\"content\":\"a\"},\"done\":false}\n"}).error.find("broken off") !=
        std::string::npos);
  CHECK(hear(openai_decoder, {"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"}).error.find("broken off") !=
        std::string::npos);
}

TEST_CASE("what_is_no_answer_is_refused_and_nothing_grows_without_end") {
  for (const std::string_view hostile : {"<html>", "[]", "{", "\xff", "null", "{\"a\":\"\xff\"}"}) {
    INFO(hostile);
    CHECK_FALSE(hear(ollama_decoder, {hostile, "\n"}).error.empty());
    CHECK_FALSE(hear(openai_decoder, {"data: ", hostile, "\n\n"}).error.empty());
    CHECK_FALSE(hear(claude_decoder, {"data: ", hostile, "\n\n"}).error.empty());
  }
  const std::string deep = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}\n";
  CHECK_FALSE(hear(ollama_decoder, {deep}).error.empty());
  const std::string block(65536, 'x');
  for (const Make make : {&ollama_decoder, &claude_decoder, &openai_decoder}) {
    CHECK(hear(make, std::vector<std::string_view>(20, block)).error.find("longer than any") != std::string::npos);
    const std::string comment = ":" + std::string(65534, 'x') + "\n";
    if (make != &ollama_decoder)
      CHECK(hear(make, std::vector<std::string_view>(300, comment)).error.find("longer than any") != std::string::npos);
  }
}

namespace {

std::string shown(std::string_view answer, std::size_t passages, std::size_t cut) {
  AnswerText text(passages);
  std::string out;
  for (std::size_t at = 0; at < answer.size(); at += cut) out += text.take(answer.substr(at, cut));
  return out + text.finish();
}

}  // namespace

TEST_CASE("an_answer_is_shown_as_text_wherever_it_is_cut") {
  const std::string_view answer = "Ünï \x1b[31m[1] and [2], [99] or [0].\nLine\ttwo [12345678] [x] [ [";
  const std::string_view wanted =
      "Ünï \\x1b[31m[1] and [2], [99: no such passage] or [0: no such passage].\nLine two [12345678] [x] [ [";
  for (std::size_t cut = 1; cut <= answer.size(); ++cut) {
    INFO("pieces of " << cut);
    CHECK(shown(answer, 2, cut) == wanted);
  }
  CHECK(shown("\u202eevil", 0, 100).find("\u202e") == std::string::npos);
}

TEST_CASE("an_answer_is_at_most_so_long") {
  AnswerText text(0);
  std::size_t bytes = 0;
  for (int i = 0; i < 1000; ++i) bytes += text.take(std::string(1000, 'a')).size();
  bytes += text.finish().size();
  CHECK(text.cut());
  CHECK(bytes <= kAnswerBytes + 3);
}

TEST_CASE("periods_of_questions_are_recognised") {
  constexpr std::int64_t kNow = 1'774'211'679;  // Sunday, 2026-03-22 20:34:39
  constexpr std::int64_t kDay = 86'400, kMidnight = kNow - kNow % kDay;
  const auto since = [&](std::string_view question) {
    const auto period = period_in(question, kNow);
    return period ? period->since - kNow : 1;
  };
  CHECK(since("How many findings in the past week?") == -7 * kDay);
  CHECK(since("errors of the last 24 hours") == -kDay);
  CHECK(since("errors of the last 24h") == -kDay);
  CHECK(since("in the last three days") == -3 * kDay);
  CHECK(since("LAST MONTH") == -30 * kDay);
  CHECK(period_in("what happened today?", kNow) == Period{kMidnight, kNow + 1});
  CHECK(period_in("and yesterday", kNow) == Period{kMidnight - kDay, kMidnight});
  CHECK(period_in("this week", kNow) == Period{kMidnight - 6 * kDay, kNow + 1});
  for (const char* none :
       {"", "last", "the last user", "last 0 days", "last 99999999999999999999 days", "past performance", "since ever"}) {
    INFO(none);
    CHECK_FALSE(period_in(none, kNow));
  }
}

TEST_CASE("what_the_model_says_of_events_is_read_leniently_and_never_more") {
  CHECK(classified("[1] error\n[3]: Warning\n 2 info\n[4] evil\n[99] info\n[2] INFO please", 4) ==
        std::vector<std::string>{"error", "info", "warning", ""});
  CHECK(classified("", 2) == std::vector<std::string>{"", ""});
}
