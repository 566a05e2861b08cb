// What a connected site asks of the gateway besides storing events: to be disconnected, and to hand a message to whoever
// runs the gateway. Signed and checked as batches are (ARCHITECTURE.md, "Wire").
#pragma once

#include <memory>
#include <vector>

#include "core/limits.hpp"
#include "gateway/entities.hpp"
#include "gateway/rate_limit.hpp"
#include "gateway/signature_check.hpp"
#include "gateway/signed_route.hpp"
#include "server/http.hpp"
#include "store/store.hpp"
#include "store/support_store.hpp"
#include "web/arrival.hpp"

namespace logystera::gateway {

/// Support requests of one entity: so many at once, then so many an hour.
inline constexpr double kSupportBurst = 10;
inline constexpr double kSupportPerHour = 10;

class SiteRequests {
 public:
  /// `entities`, `store` and `arrival` must outlive it.
  SiteRequests(Entities& entities, store::Store& store, const web::Arrival& arrival, SignatureCheck::Options options);

  /// POST /v1/disconnect, body `{}`: 200 once the entity is durably revoked; its secret is not taken again, not even to repeat
  /// this. POST /v1/support: 202 {"reference":"sup_…"} once it is durable; the same body again gets the same reference.
  /// They run on `workers`, since they write to the database themselves.
  std::vector<server::Route> routes(const std::shared_ptr<server::Workers>& workers);

 private:
  server::Answer disconnect(const SignedRequest& sent);
  server::Answer support(const SignedRequest& sent);
  server::Answer revoke(const SignedRequest& sent);
  Result<bool> revoke_noted(const SignedRequest& sent);

  Entities& entities_;
  store::Store& store_;
  const web::Arrival& arrival_;
  SignatureCheck::Options options_;
  SignatureCheck check_;
  RateLimiter support_limiter_;
};

}  // namespace logystera::gateway
