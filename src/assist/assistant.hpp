// A provider with the redaction that stands before it, ready to be asked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "assist/answer_text.hpp"
#include "assist/provider.hpp"
#include "assist/questions.hpp"

namespace logystera::assist {

/// How an answer ended.
struct Answered {
  std::size_t passages = 0;
  std::vector<std::string> notes;  // for the person who asked: what was left out, cut, or made up
};

/// For one thread.
class Assistant {
 public:
  /// `http` must outlive it. Errors: an endpoint or a key that cannot be used, or redaction that changes nothing.
  static Result<std::unique_ptr<Assistant>> make(Settings settings, redact::Options redaction, Http& http, Stopped stopped);

  const Redaction& redaction() const noexcept { return redaction_; }
  Provider& provider() noexcept { return provider_; }

  /// `show` gets what may be shown of the answer as it comes.
  Result<Answered> answer(const Prompt& prompt, const std::function<void(std::string_view)>& show);

 private:
  Assistant(Redaction redaction, Provider provider) : redaction_(std::move(redaction)), provider_(std::move(provider)) {}
  Redaction redaction_;
  Provider provider_;
};

/// "gemma3:4b of ollama at localhost:11434".
std::string model_and_place(const Provider& provider);

}  // namespace logystera::assist
