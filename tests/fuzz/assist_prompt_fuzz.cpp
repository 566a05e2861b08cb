// What is made of strangers' texts before a model reads them: whatever stands in message, name and question, evidence stays one line of
// JSON between its fences, nothing unseen or of a chat template is left of it, and the prompt is no longer than the window. And whatever a model answers is shown as text.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "assist/answer_stream.hpp"
#include "assist/answer_text.hpp"
#include "assist/json.hpp"
#include "assist/prompt.hpp"
#include "assist/text.hpp"
#include "assist/wall.hpp"
#include "core/json_text.hpp"

namespace {

using namespace logystera;
using namespace logystera::assist;

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

void prompt_of(const Redaction& redaction, const Wall& wall, std::string_view message, std::string_view name,
               std::string_view question) {
  constexpr std::string_view kFence = "abcdefghijklmnopabcdefghijklmnop";
  constexpr std::size_t kTokens = 4000;
  Prompt prompt{"Explain.", {}, redaction(question)};
  prompt.evidence.emplace_back()
      .add("message", redaction(message))
      .add("source", redaction.name(name))
      .add("count", message.size());
  prompt.evidence.emplace_back().add("text", redaction(name));
  const auto written_one = written(prompt, kTokens, kFence);
  if (!written_one) return must(written_one.error().kind == ErrorKind::too_large, "a prompt is refused for nothing");
  const std::string& user = written_one->user();
  must(json::is_utf8(user), "the prompt is no UTF-8");
  must(written_one->tokens() + kReplyTokens <= kTokens, "the prompt is longer than the window");
  std::size_t lines = 0;
  for (const char c : user) {
    lines += c == '\n';
    must(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f), "a control character is left");
  }
  const std::size_t fixed = question.empty() || prompt.question.empty() ? 4 : 5;
  must(lines == fixed + written_one->passages() + (written_one->left_out() > 0 ? 1 : 0), "evidence is more than its line");
  const std::size_t end = user.find("<<<END ");
  must(!has(user.substr(0, end), "<|") && !has(user.substr(0, end), "</s>") && !has(user.substr(0, end), "[INST]"),
       "a template's token is left");
  JsonText body;
  body.begin_object().member("content", user).end_object();
  (void)wall.pass(body.take());  // what it refuses is not sent: a version in quotes may read like an address
}

void answer_of(std::string_view bytes) {
  for (const auto make : {&ollama_decoder, &claude_decoder, &openai_decoder}) {
    AnswerText text(3);
    std::string shown;
    const auto decoder = make([&](std::string_view piece) { shown += text.take(piece); });
    const std::size_t half = bytes.size() / 2;
    if (decoder->take(bytes.substr(0, half)).ok() && decoder->take(bytes.substr(half)).ok()) (void)decoder->finish();
    shown += text.finish();
    must(json::is_utf8(shown) && shown.size() <= kAnswerBytes + 4, "an answer is shown as it should not be");
    for (const char c : shown)
      must(c == '\n' || static_cast<unsigned char>(c) >= 0x20, "an answer shows a control character");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const redact::Options options = [] {
    redact::Options made;
    made.salt = "a salt";
    made.mode = redact::Mode::mask;
    return made;
  }();
  static const Redaction redaction = Redaction::make(options).value();
  static const Wall wall(options, rules_before());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t first = text.find('\0'), second = first == std::string_view::npos ? first : text.find('\0', first + 1);
  const std::string_view message = text.substr(0, first);
  const std::string_view name =
      first == std::string_view::npos ? std::string_view() : text.substr(first + 1, second - first - 1);
  const std::string_view question = second == std::string_view::npos ? std::string_view() : text.substr(second + 1);
  prompt_of(redaction, wall, message, name, question);
  answer_of(text);
  return 0;
}
