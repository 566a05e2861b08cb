// Text as stores take it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace logystera::store {

inline constexpr std::size_t kStoredMessageBytes = 4096;  // longer messages are cut

/// Text as it is stored. Databases refuse malformed text, and logs and file names hold anything: bad bytes become
/// U+FFFD, the end is cut at a character. What is storable stays as it is.
std::string storable(std::string_view text);

}  // namespace logystera::store
