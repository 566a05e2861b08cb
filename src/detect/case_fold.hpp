// Case folding: what texts are compared by where case is of no regard. It is Unicode's simple folding (CaseFolding.txt, statuses
// C and S): one character becomes one character, so "Ä" is "ä", "Σ" and "ς" are "σ", "ẞ" is "ß", and the Kelvin sign and "ſ"
// are the ASCII letters k and s; "ß" is not "ss", and the dotted "İ" and the dotless "ı" are no i. The mapping is utf8proc's.
//
// A folded character may take more or fewer bytes than before (the Kelvin sign three and one, "Ⱥ" two and three). Bytes that
// are no UTF-8 stay as they are, each for itself, and end no character beside them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace logystera::detect {

inline constexpr char fold_ascii(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

char32_t fold(char32_t character) noexcept;
std::string folded(std::string_view text);

/// Whether folding changes more of `text` than the letters A to Z.
bool folds_beyond_ascii(std::string_view text) noexcept;

/// Writes `text`, folded, to `out`, which has room for folded_room(text.size()) bytes. Returns where it ends.
char* fold_into(std::string_view text, char* out) noexcept;
/// No character grows by more than one byte in two.
inline constexpr std::size_t folded_room(std::size_t bytes) noexcept { return bytes + bytes / 2; }

/// Writes `text` with the characters beyond ASCII that fold to an ASCII letter, the Kelvin sign and "ſ", as k and s. `out` has
/// room for `text.size()` bytes. Returns where it ends.
char* fold_lookalikes_into(std::string_view text, char* out) noexcept;

/// Equal but for the case of letters.
bool equal_folded(std::string_view a, std::string_view b) noexcept;
/// The same for a word of ASCII alone: letters beyond ASCII are not folded.
inline bool equal_ignoring_case(std::string_view text, std::string_view word) noexcept {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (fold_ascii(text[i]) != fold_ascii(word[i])) return false;
  return true;
}

}  // namespace logystera::detect
