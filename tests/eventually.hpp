// For what another thread or process does in its own time.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace logystera::testing {

/// Waits until `come` is true; false when it did not become so in a minute: a loaded machine is slow.
inline bool eventually(const std::function<bool()>& come) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!come()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace logystera::testing
