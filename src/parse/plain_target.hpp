// A request target as the server behind it may end up reading it: what a rule compares, besides the target as it was sent.
//
// Percent-encodings are taken off again and again (servers, proxies and scripts each decode once), up to kDecodeRounds; so
// are %uXXXX, the \xHH of logs, and UTF-8 in more bytes than a character needs. Then what separates words becomes one blank
// (control characters, '+' in the query, SQL comments, the shell's ${IFS}) and what does not change a path goes ("/./",
// "//", "..;x/", backslashes).
#pragma once

#include <string_view>

#include "core/record.hpp"

namespace logystera::parse {

inline constexpr int kDecodeRounds = 5;

/// The plain form of `target`, in `arena`; empty if it says nothing the target does not. Never longer than the target.
std::string_view plain_target(std::string_view target, Arena& arena);

}  // namespace logystera::parse
