// What an error says, and what a statement says, without the data in it. The rule for labels of kind `message`:
//
//   - it ends before "Stack trace:", which holds arguments;
//   - quoted text, the values in `Key (name)=(value)` and e-mail addresses become `?`;
//   - so do numbers of more than six digits, the number behind `user/`, and words that look like tokens (see path.hpp);
//   - so does what stands behind `=` or `:` after a word for a secret: password, token, cookie and their like.
//
// For labels of kind `sql`: string and number literals become `?`; names, also quoted ones, and placeholders stay.
#pragma once

#include <string_view>

#include "core/json.hpp"

namespace logystera {

/// Longest text looked at; the rest is cut before the rule is applied.
inline constexpr std::size_t kMessageBytesMax = 4096;

/// The rule alone: what is left of `text` goes to `out` as far as that reaches.
void scrub_message(BoundedWriter& out, std::string_view text, bool is_sql) noexcept;

/// What a text says of files, without where on the machine they lie: an absolute path becomes relative to `root` (an absolute
/// directory without a slash at its end, or empty), or its last part when it lies elsewhere. A path ends at a space unless it
/// is the root's. URLs with a host stay as they are; `phar:///srv/a.phar/b.php` becomes `phar://b.php`.
void relative_paths(BoundedWriter& out, std::string_view text, std::string_view root) noexcept;

/// Writes the quoted text to `out`. True if something was cut for length.
bool write_message(json::Output& out, std::string_view text, bool is_sql, json::Bound bound) noexcept;

}  // namespace logystera
