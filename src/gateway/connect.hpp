// One-click connect over HTTP: the consent page, the token endpoint and the metadata (RFC 6749, 7636, 8414, 9207).
// What the parts mean is in authorization.hpp, signing in is access/login.hpp; here is the order of the checks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/authorization.hpp"
#include "gateway/pages.hpp"
#include "server/http.hpp"
#include "server/message.hpp"
#include "server/workers.hpp"
#include "web/arrival.hpp"
#include "web/attempt_limit.hpp"
#include "web/csrf.hpp"
#include "web/principal.hpp"

namespace logystera::gateway {

/// Under which addresses the gateway is reached.
struct PublicAddresses {
  std::string issuer;   // of the pages and the token endpoint: scheme, host and port
  std::string gateway;  // of what sites send, for the token's answer
};

struct ConnectOptions {
  std::function<std::int64_t()> now;
  std::function<void(std::string_view)> log;
  /// How the operator says under which address the gateway is reached, behind "its operator".
  std::string_view address_remedy = "has to say which";
  web::Elapsed elapsed = monotonic_seconds;
};

/// Requests of one address at the token endpoint.
inline constexpr web::AttemptLimit::Rate kTokenRequests{60, 60};

class Connect {
 public:
  /// All but `options` must outlive it. The error is a lack of randomness.
  static Result<std::unique_ptr<Connect>> make(Authorization& authorization, const web::Arrival& arrival,
                                               const web::FormTokens& forms, ConnectOptions options);

  /// All of them; before open() they answer 503. To connect a site takes the role admin. Those that read the database run on `workers`.
  std::vector<server::Route> routes(const std::shared_ptr<server::Workers>& workers);
  /// Tells where the gateway is, once its listeners know. An empty issuer: nobody knows, and the routes say what to do.
  void open(PublicAddresses addresses);

 private:
  using Handle = server::Answer (Connect::*)(const server::Request&, const PublicAddresses&);

  Connect(Authorization& authorization, const web::Arrival& arrival, const web::FormTokens& forms, ConnectOptions options,
          std::string_view secret);
  server::Route route(const char* method, const char* path, std::size_t body_bytes, Handle handle,
                      std::shared_ptr<server::Workers> workers, std::string role = {});

  server::Answer metadata(const server::Request& request, const PublicAddresses& addresses);
  server::Answer authorize(const server::Request& request, const PublicAddresses& addresses);
  server::Answer decide(const server::Request& request, const PublicAddresses& addresses);
  server::Answer token(const server::Request& request, const PublicAddresses& addresses);

  server::Answer failed(const Error& error) const;

  Authorization& authorization_;
  const web::Arrival& arrival_;
  const web::FormTokens& form_tokens_;
  ConnectOptions options_;
  web::AttemptLimit token_requests_;
  std::atomic<std::shared_ptr<const PublicAddresses>> addresses_;
};

}  // namespace logystera::gateway
