// The writing half of JSON, for the one object this project writes in a page request: an event line. It appends to memory
// the caller owns, never allocates, never throws, and turns whatever bytes it is given into valid UTF-8.
//
// Written by hand because it runs inside every page: RapidJSON's writer takes as long as PHP's own json_encode for this
// event, this one about a fifth (./dev bench agent).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace logystera::json {

/// How long a string may get: bytes of UTF-8 or characters (code points), counted after repair and before escaping.
struct Bound {
  std::size_t limit;
  bool characters;
};

/// A cursor over the caller's memory. When something does not fit, `full()` turns true and stays so; what was written
/// until then is not a complete document and must be dropped.
class Output {
 public:
  Output(char* begin, std::size_t capacity) noexcept : begin_(begin), at_(begin), end_(begin + capacity) {}

  /// Appends bytes that are already JSON.
  void raw(std::string_view text) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < text.size()) {
      full_ = true;
      return;
    }
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  /// The same for a literal, whose length the compiler knows.
  template <std::size_t Size>
  void raw(const char (&literal)[Size]) noexcept {
    raw(std::string_view(literal, Size - 1));
  }
  /// The same for text that has at least kPadding readable bytes: one block copy instead of a call.
  void raw_padded(const char* text, std::size_t size) noexcept {
    if (size > kPadding || static_cast<std::size_t>(end_ - at_) < kPadding) return raw(std::string_view(text, size));
    std::memcpy(at_, text, kPadding);
    at_ += size;
  }
  static constexpr std::size_t kPadding = 32;
  void raw(char c) noexcept {
    if (at_ < end_) *at_++ = c;
    else full_ = true;
  }
  /// Appends a quoted string: `"`, `\` and control characters escaped, all else verbatim, malformed UTF-8 replaced by
  /// U+FFFD (one per maximal subpart, Unicode §3.9). Cut at a character boundary at `bound`. True if it was cut.
  bool string(std::string_view text, Bound bound) noexcept;
  void integer(std::int64_t value) noexcept;
  /// Shortest form that reads back equal, with a fraction or an exponent (`1104.0`); NaN and infinities become null (RFC 8259 has no such numbers).
  void number(double value) noexcept;
  void boolean(bool value) noexcept { raw(value ? std::string_view("true") : std::string_view("false")); }

  /// Room for `size` bytes to be filled by the caller, or nullptr.
  char* reserve(std::size_t size) noexcept;

  bool full() const noexcept { return full_; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

 private:
  // What follows the opening quote, character by character, and the closing quote.
  bool string_tail(std::string_view text, std::size_t budget, bool characters) noexcept;

  char* begin_;
  char* at_;
  char* end_;
  bool full_ = false;
};

/// Length of the well-formed UTF-8 sequence at the start of `text` (1-4), or 0; `skip` is then the length of its maximal
/// ill-formed subpart. `text` must not be empty.
std::size_t utf8_sequence(std::string_view text, std::size_t& skip) noexcept;

/// Whether `text` is well-formed UTF-8 throughout (no overlong forms, surrogates or values over U+10FFFF).
bool is_utf8(std::string_view text) noexcept;

/// How deep the objects and arrays of a JSON text nest, 0 without any; of a text that is no JSON, some number. Asked before
/// a text of a stranger is handed to code that recurses.
std::size_t depth(std::string_view text) noexcept;

/// A number as RFC 8259 has it: no leading zeros, no '+', no bare '.'.
inline bool is_number(std::string_view text) noexcept {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  const std::size_t first = at;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

}  // namespace logystera::json
