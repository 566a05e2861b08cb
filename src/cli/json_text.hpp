// JSON built up as text, for what the commands print. Whatever bytes a string holds, what comes out is valid UTF-8, and nothing in
// it that a terminal obeys or that reorders what stands around it: those characters are written \\uNNNN, which every reader of JSON
// reads back as they were.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logystera::cli {

/// Commas are its business; balanced begin and end are the caller's.
class JsonText {
 public:
  JsonText& begin_object() { return open('{'); }
  JsonText& end_object() { return close('}'); }
  JsonText& begin_array() { return open('['); }
  JsonText& end_array() { return close(']'); }

  /// A key's name is trusted to need no escape only if it is a literal of this program; others go through string().
  JsonText& key(std::string_view name);
  JsonText& string(std::string_view text);
  JsonText& integer(std::int64_t number);
  JsonText& natural(std::uint64_t number);
  JsonText& real(double number);
  JsonText& boolean(bool value);
  JsonText& null();
  /// Text that is JSON already.
  JsonText& raw(std::string_view json);

  JsonText& member(std::string_view name, std::string_view text) { return key(name).string(text); }
  JsonText& member(std::string_view name, const char* text) { return key(name).string(text); }
  JsonText& count(std::string_view name, std::uint64_t number) { return key(name).natural(number); }

  const std::string& text() const noexcept { return text_; }
  std::string take() noexcept;
  void clear() noexcept;

 private:
  JsonText& open(char bracket);
  JsonText& close(char bracket);
  void comma();

  std::string text_;
  bool follows_ = false;  // a value stands before, so a comma is due
};

/// JSON text (whole or a part of it) with DEL, C1 controls, bidirectional and line-separating characters as \\uNNNN. They can stand
/// in strings alone, so the document means what it meant.
std::string terminal_safe(std::string_view json);

/// "2026-05-18T10:00:01Z", with a fraction if there is one.
std::string rfc3339(std::int64_t time_ns);

}  // namespace logystera::cli
