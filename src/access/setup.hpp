// The secret with which the first administrator is made, where nobody is and others could come first. It is told once, in the log of
// whoever has started the server, holds an hour and five tries, and a new start makes another.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "core/hmac.hpp"
#include "core/result.hpp"

namespace logystera::access {

inline constexpr std::int64_t kSetupSeconds = 3600;
inline constexpr int kSetupTries = 5;

/// Thread-safe.
class SetupSecret {
 public:
  SetupSecret() = default;
  SetupSecret(const SetupSecret&) = delete;
  SetupSecret& operator=(const SetupSecret&) = delete;

  /// A new one, which ends the one before: 43 characters of base64url. `now`: seconds of a clock that is
  /// never set.
  Result<std::string> make(std::int64_t now);

  enum class Check { right, wrong, ended };
  /// In constant time. What is not right is a try.
  Check check(std::string_view secret, std::int64_t now);

 private:
  std::mutex mutex_;
  Digest hash_{};
  std::int64_t made_at_ = 0;
  int tries_left_ = 0;
};

}  // namespace logystera::access
