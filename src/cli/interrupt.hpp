// How SIGINT (Ctrl-C) and SIGTERM end a command: what was done until then is shown and kept.
#pragma once

#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace logystera::cli {

/// For a command that looks now and then. Set once a signal came; signals are caught from the first call on. A second one kills.
const std::atomic<bool>& interrupted();

/// For a command whose threads do the work while it waits. Made before the first of them, so that all inherit that the signals are
/// blocked, and only `wait` hears them. A reader that goes away is an error to handle then, and no reason to die.
class EndSignals {
 public:
  enum class On : std::uint8_t { end, hangup, nothing };

  /// `hangup`: wait() hears SIGHUP too, which otherwise ends the process.
  explicit EndSignals(bool hangup = false) noexcept;
  /// Until one of them comes.
  On wait() const noexcept;
  /// The same for at most so long; `nothing`: none came.
  On wait_for(std::chrono::seconds time) const noexcept;

 private:
  sigset_t signals_{};
};

}  // namespace logystera::cli
