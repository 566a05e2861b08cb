// One-click connect over HTTP: signing in, the consent page, the token endpoint and the metadata (RFC 6749, 7636, 8414, 9207).
// What the parts mean is in users.hpp and authorization.hpp; here is the order of the checks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/users.hpp"
#include "gateway/authorization.hpp"
#include "gateway/pages.hpp"
#include "server/http.hpp"
#include "server/message.hpp"
#include "server/workers.hpp"
#include "web/attempt_limit.hpp"
#include "web/csrf.hpp"
#include "web/sessions.hpp"

namespace logystera::gateway {

/// Under which addresses the gateway is reached.
struct PublicAddresses {
  std::string issuer;   // of the pages and the token endpoint: scheme, host and port
  std::string gateway;  // of what sites send, for the token's answer
};

struct ConnectOptions {
  std::function<std::int64_t()> now;
  std::function<void(std::string_view)> log;
  /// How many proxies in front, one behind the other, add to X-Forwarded-For whom they were spoken to by.
  std::size_t proxies = 0;
  /// How the operator says under which address the gateway is reached, behind "its operator".
  std::string_view address_remedy = "has to say which";
};

/// Attempts to sign in: of one address, and for one name as typed. What succeeds is given back.
inline constexpr web::AttemptLimit::Rate kLoginsOfAddress{20, 4};
inline constexpr web::AttemptLimit::Rate kLoginsForName{10, 1};
/// Requests of one address at the token endpoint.
inline constexpr web::AttemptLimit::Rate kTokenRequests{60, 60};

class Connect {
 public:
  /// `users`, `sessions` and `authorization` must outlive it. The error is a lack of randomness.
  static Result<std::unique_ptr<Connect>> make(access::Users& users, web::Sessions& sessions, Authorization& authorization,
                                               ConnectOptions options);

  /// All of them; before open() they answer 503. Those that read the database run on `workers`; passwords have a thread of their
  /// own.
  std::vector<server::Route> routes(const std::shared_ptr<server::Workers>& workers);
  /// Tells where the gateway is, once its listeners know. An empty issuer: nobody knows, and the routes say what to do.
  void open(PublicAddresses addresses);

 private:
  using Handle = server::Answer (Connect::*)(const server::Request&, const PublicAddresses&);

  Connect(access::Users& users, web::Sessions& sessions, Authorization& authorization, ConnectOptions options,
          std::string_view secret);
  server::Route route(const char* method, const char* path, std::size_t body_bytes, Handle handle,
                      std::shared_ptr<server::Workers> workers);

  server::Answer metadata(const server::Request& request, const PublicAddresses& addresses);
  server::Answer authorize(const server::Request& request, const PublicAddresses& addresses);
  server::Answer decide(const server::Request& request, const PublicAddresses& addresses);
  server::Answer login_page(const server::Request& request, const PublicAddresses& addresses);
  server::Answer log_in(const server::Request& request, const PublicAddresses& addresses);
  server::Answer log_out(const server::Request& request, const PublicAddresses& addresses);
  server::Answer token(const server::Request& request, const PublicAddresses& addresses);

  server::Answer ask_to_log_in(const server::Request& request, const PublicAddresses& addresses, std::string_view next,
                               std::string_view problem = {}, std::string_view name = {}) const;
  Result<web::Visitor> visitor_of(const server::Request& request, const PublicAddresses& addresses);
  std::string client_address(const server::Request& request) const;
  server::Answer failed(const Error& error) const;

  access::Users& users_;
  web::Sessions& sessions_;
  Authorization& authorization_;
  ConnectOptions options_;
  web::FormTokens form_tokens_;
  web::AttemptLimit logins_of_address_, logins_for_name_, token_requests_;
  std::atomic<std::shared_ptr<const PublicAddresses>> addresses_;
  std::shared_ptr<server::Workers> passwords_;
};

}  // namespace logystera::gateway
