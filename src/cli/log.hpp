// What a long-running command tells its operator.
#pragma once

#include <string_view>

namespace logystera::cli {

/// Time and text on standard error, a whole line at once, neutralised: parts of it may come from strangers. Thread-safe.
void log(std::string_view text);

}  // namespace logystera::cli
