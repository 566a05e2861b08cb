// The writing half of JSON, for the one object this project writes in a page request: an event line. It appends to memory
// the caller owns, never allocates, never throws, and turns whatever bytes it is given into valid UTF-8.
//
// Written by hand because it runs inside every page: RapidJSON's writer takes as long as PHP's own json_encode for this
// event, this one about a fifth (./dev bench agent).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/bounded_text.hpp"

namespace logystera::json {

/// How long a string may get: bytes of UTF-8 or characters (code points), counted after repair and before escaping.
struct Bound {
  std::size_t limit;
  bool characters;
};

/// A cursor over the caller's memory. When something does not fit, `full()` turns true and stays so; what was written
/// until then is not a complete document and must be dropped.
class Output : public BoundedWriter {
 public:
  using BoundedWriter::BoundedWriter;

  /// Appends bytes that are already JSON.
  void raw(std::string_view text) noexcept { append(text); }
  template <std::size_t Size>
  void raw(const char (&literal)[Size]) noexcept {
    append(literal);
  }
  void raw(char c) noexcept { append(c); }
  /// Appends a quoted string: `"`, `\` and control characters escaped, all else verbatim, malformed UTF-8 replaced by
  /// U+FFFD (one per maximal subpart, Unicode §3.9). Cut at a character boundary at `bound`. True if it was cut.
  bool string(std::string_view text, Bound bound) noexcept;
  void integer(std::int64_t value) noexcept { append_integer(value); }
  /// Shortest form that reads back equal, with a fraction or an exponent (`1104.0`); NaN and infinities become null (RFC 8259 has no such numbers).
  void number(double value) noexcept;
  void boolean(bool value) noexcept { raw(value ? std::string_view("true") : std::string_view("false")); }

  bool full() const noexcept { return cut(); }

 private:
  // What follows the opening quote, character by character, and the closing quote.
  bool string_tail(std::string_view text, std::size_t budget, bool characters) noexcept;
};

/// Length of the well-formed UTF-8 sequence at the start of `text` (1-4), or 0; `skip` is then the length of its maximal
/// ill-formed subpart. `text` must not be empty.
std::size_t utf8_sequence(std::string_view text, std::size_t& skip) noexcept;

/// Whether `text` is well-formed UTF-8 throughout (no overlong forms, surrogates or values over U+10FFFF).
bool is_utf8(std::string_view text) noexcept;

/// Where the string goes on that `text` has at `from`: the place of the next quote or backslash, or the text's size.
std::size_t string_mark(std::string_view text, std::size_t from) noexcept;

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
