// JSON built up as text that grows: what programs and people are answered with. Whatever bytes a string holds, what comes out is valid
// UTF-8. Strings are escaped by the one writer in core/json.hpp, which page requests use directly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace logystera {

/// Commas are its business; balanced begin and end are the caller's.
class JsonText {
 public:
  /// Who reads it. For a terminal, what it obeys or what reorders the text around it is written \uNNNN as well, which every reader of
  /// JSON reads back as it was (see terminal_safe).
  enum class Reader { terminal, program };

  explicit JsonText(Reader reader = Reader::terminal) noexcept : reader_(reader) {}

  JsonText& begin_object() { return open('{'); }
  JsonText& end_object() { return close('}'); }
  JsonText& begin_array() { return open('['); }
  JsonText& end_array() { return close(']'); }

  JsonText& key(std::string_view name);
  /// `"`, `\` and control characters escaped, malformed UTF-8 replaced by U+FFFD.
  JsonText& string(std::string_view text);
  JsonText& integer(std::int64_t number);
  JsonText& natural(std::uint64_t number);
  /// Shortest form that reads back equal (`1e+05`, `1104.0`); null for NaN and infinities.
  JsonText& real(double number);
  /// The same digits without an exponent while there are no more than 21 before the point and five zeros behind it (`100000.0`).
  JsonText& decimal(double number);
  JsonText& boolean(bool value);
  JsonText& null();
  /// Text that is JSON already.
  JsonText& raw(std::string_view json);

  JsonText& member(std::string_view name, std::string_view text) { return key(name).string(text); }
  JsonText& member(std::string_view name, const char* text) { return key(name).string(text); }
  JsonText& member(std::string_view name, bool value) { return key(name).boolean(value); }
  JsonText& count(std::string_view name, std::uint64_t number) { return key(name).natural(number); }
  JsonText& number(std::string_view name, std::int64_t number) { return key(name).integer(number); }

  const std::string& text() const noexcept { return text_; }
  std::string take() noexcept;
  void clear() noexcept;

 private:
  JsonText& open(char bracket);
  JsonText& close(char bracket);
  void comma();

  std::string text_;
  Reader reader_;
  bool follows_ = false;  // a value stands before, so a comma is due
};

/// What RapidJSON has read (a Handler, as its documentation says), written again: `value.Accept(JsonCopy(text))`.
class JsonCopy {
 public:
  explicit JsonCopy(JsonText& text) noexcept : text_(text) {}

  bool Null() { return done(text_.null()); }
  bool Bool(bool value) { return done(text_.boolean(value)); }
  bool Int(int value) { return done(text_.integer(value)); }
  bool Uint(unsigned value) { return done(text_.natural(value)); }
  bool Int64(std::int64_t value) { return done(text_.integer(value)); }
  bool Uint64(std::uint64_t value) { return done(text_.natural(value)); }
  bool Double(double value) { return done(text_.decimal(value)); }
  bool RawNumber(const char* text, unsigned size, bool) { return done(text_.raw({text, size})); }
  bool String(const char* text, unsigned size, bool) { return done(text_.string({text, size})); }
  bool Key(const char* text, unsigned size, bool) { return done(text_.key({text, size})); }
  bool StartObject() { return done(text_.begin_object()); }
  bool EndObject(unsigned) { return done(text_.end_object()); }
  bool StartArray() { return done(text_.begin_array()); }
  bool EndArray(unsigned) { return done(text_.end_array()); }

 private:
  static bool done(const JsonText&) noexcept { return true; }

  JsonText& text_;
};

/// JSON text (whole or a part of it) with DEL, C1 controls, bidirectional and line-separating characters as \uNNNN. They can stand
/// in strings alone, so the document means what it meant.
std::string terminal_safe(std::string_view json);

}  // namespace logystera
