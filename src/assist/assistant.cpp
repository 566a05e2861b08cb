#include "assist/assistant.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace logystera::assist {
namespace {

constexpr std::chrono::milliseconds kLook(100);  // how often a wait looks whether it is still wanted

}  // namespace

Result<std::unique_ptr<Assistant>> Assistant::make(Settings settings, redact::Options options, Http& http,
                                                   Stopped stopped) {
  auto redaction = Redaction::make(std::move(options));
  if (!redaction) return redaction.error();
  const Wall wall(redaction->options(), rules_before());
  const auto wait = [stopped](std::chrono::milliseconds time) {
    for (; time.count() > 0 && !stopped(); time -= kLook) std::this_thread::sleep_for(std::min(time, kLook));
    return !stopped();
  };
  auto provider = Provider::make(std::move(settings), {http, redaction.value(), wall, std::move(stopped), wait});
  if (!provider) return provider.error();
  return std::unique_ptr<Assistant>(new Assistant(std::move(redaction).value(), std::move(provider).value()));
}

Result<Answered> Assistant::answer(const Prompt& prompt, const std::function<void(std::string_view)>& show) {
  auto messages = written(prompt, provider_.settings().max_context_tokens);
  if (!messages) return messages.error();
  Answered answered;
  answered.passages = messages->passages();
  AnswerText text(messages->passages());
  auto ending = provider_.chat(messages.value(), [&](std::string_view piece) {
    if (const std::string shown = text.take(piece); !shown.empty()) show(shown);
  });
  if (const std::string shown = text.finish(); !shown.empty()) show(shown);
  if (!ending) return ending.error();
  if (text.empty()) return Error{"the model answered nothing: ask again, or choose another model", ErrorKind::broken};
  if (messages->left_out() > 0)
    answered.notes.push_back(fmt::format("{} passages did not fit into llm.max_context_tokens ({}) and were left out",
                                         messages->left_out(), provider_.settings().max_context_tokens));
  if (text.invented() > 0)
    answered.notes.push_back(fmt::format("the answer names {} passages that there are not", text.invented()));
  if (text.cut() || ending->reason == "length")
    answered.notes.emplace_back("the answer was longer than answers may be, and is cut");
  if (ending->reason == "refusal") answered.notes.emplace_back("the model refused to answer");
  if (ending->prompt_tokens > 0 && ending->prompt_tokens * 4 < messages->tokens())
    answered.notes.push_back(
        fmt::format("the model has read {} tokens of about {}: its window may be smaller than llm.max_context_tokens",
                    ending->prompt_tokens, messages->tokens()));
  return answered;
}

std::string model_and_place(const Provider& provider) {
  const std::string model = provider.settings().model_name();
  return fmt::format("{} of {} at {}", model.empty() ? "no model" : model, provider_name(provider.settings().provider),
                     provider.place().host);
}

}  // namespace logystera::assist
