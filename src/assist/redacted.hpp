// Text that redaction has seen. Nothing else can become part of a prompt: what a provider is asked is made of Redacted, of numbers, and
// of the program's own words (Ours), which only a literal can be.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"
#include "redact/redactor.hpp"

namespace logystera::assist {

/// The program's own words. Made of literals alone, at compile time.
class Ours {
 public:
  consteval Ours(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor): literals are meant
  constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

class Redaction;

/// Made by a Redaction, and by nothing else.
class Redacted {
 public:
  const std::string& text() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }
  /// The first bytes of it, at most so many and not within a character, with "…" where something was cut.
  Redacted cut(std::size_t bytes) const;

 private:
  friend class Redaction;
  explicit Redacted(std::string text) noexcept : text_(std::move(text)) {}
  std::string text_;
};

/// The only way from text to Redacted. What is stored is redacted already; it goes through here all the same, because names of files,
/// titles of rules and names of containers are stored as they are. What redaction has written stays as it is, so that equal values stay equal. Thread-safe.
class Redaction {
 public:
  /// Refuses mode dry_run, which changes nothing.
  static Result<Redaction> make(redact::Options options);

  /// `text` is looked at whole before any of it is cut.
  Redacted operator()(std::string_view text) const;
  /// The same for what is a name of something: a file, a container, a rule. Each part between its slashes and dots is looked at alone
  /// as well: 4111111111111111.log holds a card's number.
  Redacted name(std::string_view text) const;
  const redact::Options& options() const noexcept;

 private:
  struct State;
  explicit Redaction(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace logystera::assist
