// Sigma's values: strings with wildcards and escapes, and what modifiers make of them (rules specification, "String
// Wildcard" and "Escape Character"; modifiers appendix 2.1.0).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "detect/rule.hpp"

namespace logystera::detect {

/// `*` and `?` are wildcards; a backslash escapes them and itself, and is itself before anything else.
Pattern parse_pattern(std::string_view written);
/// The same without wildcards: a pattern of one text (or nothing).
Pattern literal_pattern(std::string_view text);

/// The text of a pattern without wildcards; false if it has some.
bool plain_text(const Pattern& pattern, std::string& out);

/// `*` put before and after, unless it is there.
void wrap(Pattern& pattern, bool before, bool after);

/// Folds the texts, for uncased tests.
void fold_pattern(Pattern& pattern);

std::string base64(std::string_view bytes);
/// The three forms that bytes take inside a longer base64 text, cut to the characters that do not depend on the neighbours.
std::vector<std::string> base64_offsets(std::string_view bytes);

enum class Utf16 { little, big, marked };
/// UTF-8 to UTF-16 bytes; `marked` is little endian after a byte order mark. False if the text is not UTF-8.
bool to_utf16(std::string_view text, Utf16 form, std::string& out);

/// Each `-` or `/` that begins an option (nothing or no word character before it, a word character after it) as each of the
/// five dashes Windows takes for one. Empty if that would be more than kDashVariants patterns.
std::vector<Pattern> dash_variants(const Pattern& pattern);
inline constexpr std::size_t kDashVariants = 625;  // four options

/// `%name%` replaced by each of its values, and the rest read as parse_pattern does; `\%` is a percent sign. No variant is left
/// if a placeholder has no values. `missing` names one that is not in `values` at all; `found` says if there was any.
std::vector<Pattern> expand_placeholders(std::string_view written, const PlaceholderValues& values, std::string& missing,
                                         bool& found);

/// Joins neighbouring texts and neighbouring `*`: the form all patterns of a rule have.
void normalize(Pattern& pattern);

}  // namespace logystera::detect
