// Text for a person's terminal: colour where it is wanted, columns that line up, and nothing that could take
// the terminal over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/printable.hpp"

namespace logystera::cli {

/// Whether standard output is a terminal that wants colour (NO_COLOR unset or empty, TERM not "dumb").
bool colour_wanted();

/// Whether the terminal is one whose lines can be written anew (TERM is set, and not "dumb").
bool terminal_moves();

/// Whether these paths ('-', or none at all) have a person type what is to be read. Where that was not asked for by '-', standard
/// error says once, in the command's name, what is waited for.
bool typed_input(std::string_view command, const std::vector<std::string>& paths);

/// Columns `text` takes on a terminal, one for each code point (zero for combining marks, two for wide ones).
std::size_t columns_of(std::string_view text);

/// `text` cut to `columns`, with an ellipsis where something was cut, and padded to it.
std::string fitted(std::string_view text, std::size_t columns);

/// The terminal's width, or `otherwise` when standard output is none.
std::size_t terminal_columns(std::size_t otherwise);

/// "2026-11-21 02:13:07" in local time.
std::string local_time(std::int64_t unix_seconds);

/// Rows under a heading, each column as wide as its widest cell.
std::string table(const std::vector<std::vector<std::string>>& rows, bool colour);

}  // namespace logystera::cli
