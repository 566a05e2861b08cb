// Ctrl-C and TERM end a run, not the program: what was done until then is shown and kept. A second one kills.
#pragma once

#include <atomic>

namespace logystera::cli {

/// Set once a signal came. Signals are caught from the first call on.
const std::atomic<bool>& interrupted();

}  // namespace logystera::cli
