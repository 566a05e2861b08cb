// Texts as people read them, on a terminal and in a document.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logystera::report {

/// `text` with control characters, bidirectional overrides and malformed UTF-8 shown as \xNN or \u{NNNN}:
/// values come from strangers, and a terminal obeys escape sequences.
std::string printable(std::string_view text);

/// "1,234,567".
std::string grouped(std::uint64_t number);

}  // namespace logystera::report
