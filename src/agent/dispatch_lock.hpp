// Single flight: at most one dispatcher at work on a directory.
#pragma once

#include "agent/directory.hpp"

namespace logystera::agent {

/// Holds dispatch.lock while it lives. The kernel lets go of it when the process dies, however it dies; the file itself is
/// never unlinked, because two processes that lock two files of one name both run.
class DispatchLock {
 public:
  enum class State : unsigned char { held, busy, failed };

  /// Never waits.
  static DispatchLock take(const Directory& directory, const FileRules& rules) noexcept;

  State state() const noexcept { return state_; }
  /// errno of a failed take.
  int error() const noexcept { return error_; }

 private:
  Fd file_;
  State state_ = State::failed;
  int error_ = 0;
};

}  // namespace logystera::agent
