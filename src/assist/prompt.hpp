// What a model is asked.
//
// Logs are written by whoever can make a server log something, and a model cannot tell an instruction from a quotation. So evidence is
// one JSON object a line, between two lines nobody can write without knowing 128 random bits, with everything unseen made visible and
// what a chat template would take for its own broken (text.hpp); the rules say that it is data, before it and behind it. None of this
// makes a model immune. What does hold is that nothing acts on its answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assist/redacted.hpp"
#include "core/result.hpp"

namespace logystera::assist {

inline constexpr std::size_t kEvidenceTextBytes = 2048;  // of one value; longer ones are cut, after they were redacted
inline constexpr std::size_t kQuestionBytes = 4096;
inline constexpr std::size_t kReplyTokens = 1024;  // room left for the answer
inline constexpr std::size_t kContextTokensLeast = 2048, kContextTokensMost = 1'000'000;
inline constexpr std::size_t kTokenBytes = 3;  // counted conservatively: words of logs are many tokens

/// One passage of evidence: names of ours, values that are redacted or numbers.
class Evidence {
 public:
  Evidence& add(Ours name, const Redacted& value);
  Evidence& add(Ours name, std::uint64_t number);
  Evidence& add_time(Ours name, std::int64_t unix_seconds);  // "2026-05-18 10:00 UTC"
  Evidence& add(Ours name, Ours words);
  /// As JSON.
  std::string text() const;

 private:
  std::vector<std::pair<std::string_view, std::string>> members_;  // name and JSON
};

struct Prompt {
  Ours task;                       // what is to be done with the evidence
  std::vector<Evidence> evidence;  // the most important first
  Redacted question;               // of a person; may be empty
};

/// A prompt as providers are sent it. Made by written() alone.
class Messages {
 public:
  const std::string& system() const noexcept { return system_; }
  const std::string& user() const noexcept { return user_; }
  /// How many pieces of evidence are in it, numbered from 1, and how many there was no room for.
  std::size_t passages() const noexcept { return passages_; }
  std::size_t left_out() const noexcept { return left_out_; }
  /// Estimated.
  std::size_t tokens() const noexcept { return tokens_; }

 private:
  friend Result<Messages> written(const Prompt& prompt, std::size_t context_tokens, std::string_view fence);
  Messages() = default;
  std::string system_, user_;
  std::size_t passages_ = 0, left_out_ = 0, tokens_ = 0;
};

/// Evidence goes in as far as `context_tokens` reach. Errors: the question alone is too long, no random bytes.
Result<Messages> written(const Prompt& prompt, std::size_t context_tokens);
/// The same with a fence of the caller's, for tests.
Result<Messages> written(const Prompt& prompt, std::size_t context_tokens, std::string_view fence);

/// Words of the program that stand in every prompt.
std::string_view rules_before() noexcept;

}  // namespace logystera::assist
