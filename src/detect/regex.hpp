// RE2 with the settings every rule uses: linear time, bounded memory, no printing.
#pragma once

#include <re2/re2.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace logystera::detect {

/// Memory one compiled expression and its automata may use; a rule beyond it is refused at load.
inline constexpr std::int64_t kRegexBytes = 1 << 20;

/// Compiles `regex`. Expressions of ASCII alone run over bytes, so that an invalid byte in a log line cannot hide what
/// stands behind it from a `.*`; others run over UTF-8, so that their classes mean characters.
///
/// Over bytes RE2 folds ASCII letters alone. An ASCII expression with ignores_case() is therefore also found in a text if it is
/// found where the Kelvin sign and "ſ" are written as k and s (fold_lookalikes_into).
std::unique_ptr<const re2::RE2> compile_regex(std::string_view regex);
bool runs_over_bytes(std::string_view regex) noexcept;  // of ASCII alone

/// An expression that is compiled when it is first asked for, by whichever thread that is.
class LazyRegex {
 public:
  LazyRegex() = default;
  LazyRegex(const LazyRegex&) = delete;
  LazyRegex& operator=(const LazyRegex&) = delete;
  ~LazyRegex() { delete compiled_.load(std::memory_order_relaxed); }

  /// `regex` is the same text each time.
  const re2::RE2& get(std::string_view regex) const {
    const re2::RE2* known = compiled_.load(std::memory_order_acquire);
    return known ? *known : compile(regex);
  }

 private:
  const re2::RE2& compile(std::string_view regex) const;
  mutable std::atomic<const re2::RE2*> compiled_{nullptr};
};

/// How many bytes a match of `regex` has at least; 0 where that is not plain to see. Spares a text that is too short the
/// search, which for `^.{1000}` is a walk over every byte of every text.
std::size_t least_bytes(std::string_view regex) noexcept;

/// Whether an expression asks anywhere for the case of letters to be ignored, by a flag i: "(?i)", "(?si:…)".
bool ignores_case(std::string_view regex) noexcept;

/// Whether it is found anywhere in `text`.
inline bool found(const re2::RE2& regex, std::string_view text) noexcept {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex);
}

}  // namespace logystera::detect
