// Spans and points of time as a person writes them on the command line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::cli {

/// "7d", "24h", "30m", "45s", "2w" as seconds. The message names `option`.
Result<std::int64_t> parse_span(std::string_view option, const std::string& text);
/// A time as filter/moment.hpp has it, by this machine's zone, as Unix seconds.
Result<std::int64_t> parse_since(std::string_view option, const std::string& text, std::int64_t now);

}  // namespace logystera::cli
