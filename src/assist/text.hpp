// Texts of strangers as a model and a person may read them.
#pragma once

#include <string>
#include <string_view>

namespace logystera::assist {

/// `text` without a character at its end that has been cut.
std::string_view whole_characters(std::string_view text) noexcept;

/// `text` as evidence shows it: what steers a terminal, a line or a reader's eye (controls, ANSI escapes, zero-width and bidirectional
/// marks, tags) is written \uXXXX, malformed bytes U+FFFD, and what opens or closes a turn in a chat template has a '·' in it
/// (<·|im_start|>), so that no model takes it for one.
std::string visible(std::string_view text);

/// Whether visible() writes it \uXXXX.
bool is_unseen(char32_t point) noexcept;

/// `text` in quotes, as JSON.
std::string quoted(std::string_view text);

}  // namespace logystera::assist
