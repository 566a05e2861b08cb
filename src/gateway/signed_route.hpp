// What the routes of sites have in common: the signature is checked before anything else of a request is looked at, then whether
// its sender may ask, and every answer the sender gets from then on is acknowledged (ARCHITECTURE.md, "Wire").
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "gateway/signature_check.hpp"
#include "server/http.hpp"
#include "server/message.hpp"
#include "server/workers.hpp"

namespace logystera::gateway {

/// A request whose sender is proven and may ask. Never copied or moved: `verified` has views of itself.
struct SignedRequest {
  SignedRequest() = default;
  SignedRequest(const SignedRequest&) = delete;
  SignedRequest& operator=(const SignedRequest&) = delete;

  server::Request request;
  Verified verified;
};

/// `reply` acknowledges the answer it is given, and keeps the request until then.
using SignedHandler = std::function<void(std::shared_ptr<const SignedRequest> sent, const server::Reply& reply)>;

/// POST `path`. Who proves nothing gets an answer without acknowledgement, and `handler` is not called; so it is for senders that
/// are proven and refused, but those refusals are acknowledged. `workers`: where it runs when it writes to the database; what only
/// looks its sender up, and hands over, needs none. `check` must outlive the route.
server::Route signed_route(std::string_view path, std::size_t body_bytes, const SignatureCheck& check,
                           SignedHandler handler, std::shared_ptr<server::Workers> workers = nullptr);

}  // namespace logystera::gateway
