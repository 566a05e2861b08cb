// The second wall: the bytes of a request are looked at once more before they leave. Whatever redaction has missed, or whatever a fault
// in this program let past it, ends here, and is counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assist/pseudonym_words.hpp"
#include "core/result.hpp"
#include "redact/patterns.hpp"
#include "redact/redactor.hpp"

namespace logystera::assist {

/// Bytes that may leave. Made by a Wall alone, and the only thing an Http sends.
class Cleared {
 public:
  const std::string& text() const noexcept { return text_; }

 private:
  friend class Wall;
  explicit Cleared(std::string text) noexcept : text_(std::move(text)) {}
  std::string text_;
};

/// Thread-safe.
class Wall {
 public:
  /// `own`: the patterns redaction works with. What they find in `ours`, which is words of the program, is no finding.
  Wall(const redact::Options& options, std::string_view ours);

  /// Between which quotes the texts of a body stand: those of its JSON, or those of the JSON within that (evidence) as well. Each text is
  /// looked at alone, since what stands behind "password=" at its end belongs to the next.
  enum class Quotes : std::uint8_t { body, evidence };
  /// The body as it is, or an error of kind `broken` that names the kind of what was found, never the value.
  Result<Cleared> pass(std::string body, Quotes quotes = Quotes::evidence) const;
  /// How often pass() has refused.
  std::uint64_t refused() const noexcept { return state_->refused.load(); }

 private:
  Result<Done> look(std::string_view text) const;
  struct State {
    explicit State(std::vector<redact::Pattern> own) : patterns(std::move(own)), pseudonyms(patterns) {}
    std::vector<redact::Pattern> patterns;
    PseudonymWords pseudonyms;
    std::set<std::string, std::less<>> ours;  // what own patterns find in the program's words
    std::atomic<std::uint64_t> refused{0};
  };
  std::shared_ptr<State> state_;
};

}  // namespace logystera::assist
