// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that makes something, sent again with the same key by the
// same asker, makes it once and is answered the same. What was answered is stored with what was made, so this holds whichever of the
// two programs is killed in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/hmac.hpp"
#include "core/result.hpp"
#include "server/message.hpp"
#include "store/store.hpp"

namespace logystera::api {

inline constexpr std::size_t kIdempotencyKeyBytes = 255;
inline constexpr std::int64_t kAnswerSeconds = 24 * 3600;  // how long an answer is known
inline constexpr std::size_t kKnownAnswerBytes = 256 * 1024;

/// Thread-safe.
class Once {
 public:
  /// `store` must outlive it. `now`: unix seconds.
  Once(store::Store& store, std::function<std::int64_t()> now) : store_(store), now_(std::move(now)) {}

  /// That this request is being worked on, until it goes. Without a key: nothing.
  class Claim {
   public:
    Claim() = default;
    ~Claim();
    Claim(Claim&& other) noexcept : once_(std::exchange(other.once_, nullptr)), name_(std::move(other.name_)) {}
    Claim& operator=(Claim&&) = delete;

   private:
    friend class Once;
    Once* once_ = nullptr;
    std::string name_;
  };
  /// `answer`: given before, or a refusal: a key that is none (400), of a request that is being worked on (409), or of another
  /// request (422). Else the request is to be worked on while the claim is held.
  struct Begun {
    Claim claim;
    std::optional<server::Answer> answer;
  };
  Result<Begun> begin(const server::Request& request, const std::string& asker);

  /// Stores the answer to a request with a key, within the transaction of what it made.
  Result<Done> keep(store::Stores& stores, const server::Request& request, const std::string& asker,
                    const server::Answer& answer);

 private:
  store::Store& store_;
  std::function<std::int64_t()> now_;
  std::mutex mutex_;
  std::set<std::string> under_way_;
};

}  // namespace logystera::api
