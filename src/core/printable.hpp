// Texts of strangers, and numbers, as people read them: on a terminal, in a document, on a page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logystera {

/// `text` with control characters, bidirectional overrides and malformed UTF-8 shown as \xNN or \u{NNNN}:
/// values come from strangers, a terminal obeys escape sequences, and a page reorders what follows an override.
std::string printable(std::string_view text);

/// "1,234,567".
std::string grouped(std::uint64_t number);

}  // namespace logystera
