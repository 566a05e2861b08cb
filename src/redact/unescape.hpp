// A text with its escapes undone: %XX of URLs, \uXXXX and \/ of JSON, \xXX of nginx, one inside the other as often as
// kUnescapeRounds says (%253A is a colon). What a log shows as 2001%3Adb8%3A%3A9 or ann\u0040example.com names somebody as
// plainly as without escapes, so the search looks at a text both ways and puts together what it finds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logystera::redact {

inline constexpr int kUnescapeRounds = 3;  // %25253A

/// Whether undoing the escapes of `text` may show something new: it has an escape that stands for a printable ASCII
/// character. Escaped slashes (\/, which some write everywhere) count only in a text with an '@', where they may stand in a
/// URL with a password; quotes and line ends (\", \n) never, since they are where findings end.
bool has_escapes(std::string_view text) noexcept;

/// Scratch for undoing the escapes of one text after the other.
class Unescaped {
 public:
  /// Undoes the escapes of `text`. Bytes that are no escape stay; so does the % before the zone of a link-local address
  /// (fe80::1%12).
  void assign(std::string_view text);
  std::string_view text() const noexcept { return text_; }
  /// Where byte `at` of `text()` stands in the text given, its first byte if it was escaped; `at` may be the end.
  std::uint32_t origin(std::size_t at) const noexcept { return origin_[at]; }

 private:
  bool undo_once();

  std::string text_, next_;
  std::vector<std::uint32_t> origin_, next_origin_;
};

}  // namespace logystera::redact
