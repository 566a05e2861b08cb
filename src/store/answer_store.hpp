// What a program was answered when it asked for something to be made, so that the same request again is answered the same and makes
// nothing more. A Transaction stores it together with what was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/hmac.hpp"
#include "core/result.hpp"

namespace logystera::store {

inline constexpr std::size_t kAnswersOfOne = 1'000;  // of one asker; beyond: his oldest go
inline constexpr std::size_t kAnswersInAll = 20'000;

/// Redacted, and without secrets.
struct GivenAnswer {
  Digest asker{}, key{};  // SHA-256 of who asked, and of what he calls the request
  Digest request{};       // SHA-256 of the request itself
  int status = 0;
  std::string body = {};
  std::int64_t at = 0;  // unix seconds
};

class AnswerStore {
 public:
  virtual ~AnswerStore() = default;

  /// One that was given at `since` or later.
  virtual Result<std::optional<GivenAnswer>> find(const Digest& asker, const Digest& key, std::int64_t since) = 0;
  /// In the place of an older one; those from before `since`, and what is beyond the limits, go.
  virtual Result<Done> put(const GivenAnswer& answer, std::int64_t since) = 0;
};

}  // namespace logystera::store
