// Who may come in: finds out who asks, holds the route's role against him, and says what is missing in the words of whoever asked: a
// page, a redirect to sign in, or a problem of the API.
//
//   nothing configured, loopback     everything is open, as administrator; a proxy in front ends that
//   nothing configured, reachable    setup: nobody but whoever has the setup secret (setup.hpp)
//   the configured token, users      pages need a session; the API a token, or a session with its CSRF token
//   opened on purpose (--no-auth)    everything is open to everybody who reaches it
//
// It is asked again with every request: a user who is removed, disabled or has another role, and a token that has ended, count at
// once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/hmac.hpp"
#include "core/result.hpp"
#include "server/message.hpp"
#include "store/store.hpp"
#include "web/arrival.hpp"
#include "web/attempt_limit.hpp"
#include "web/csrf.hpp"
#include "web/principal.hpp"
#include "web/sessions.hpp"

namespace logystera::access {

/// Wrong tokens of one address.
inline constexpr web::AttemptLimit::Rate kWrongTokens{20, 10};
inline constexpr std::int64_t kTokenTouchSeconds = 60;  // how exact the last use of a token is kept

/// Where scripts of pages put the token of a form (web::kFormPurpose).
inline constexpr std::string_view kCsrfHeader = "X-CSRF-Token";

class Access {
 public:
  struct Options {
    std::function<std::int64_t()> now = {};  // unix seconds
    web::Elapsed elapsed = monotonic_seconds;
    std::function<void(std::string_view)> log = {};
    std::string api_token = {};  // of the configuration; empty: none
    bool reachable = false;      // other machines can reach a listener, or a proxy stands before it
    bool open = false;           // on purpose, whatever is configured
    /// What the operator does about a proxy he has said nothing of, behind "its operator".
    std::string_view proxy_remedy = "has to say that it stands behind one, and add an administrator";
    /// A page that says what is wrong and what to do.
    std::function<server::Answer(int status, std::string_view title, std::string_view words)> page = {};
  };

  /// `store`, `sessions`, `arrival` and `forms` must outlive it. The error is a lack of randomness.
  static Result<std::unique_ptr<Access>> make(store::Store& store, web::Sessions& sessions, const web::Arrival& arrival,
                                              const web::FormTokens& forms, Options options);

  /// For server::Listener::authorize; on a thread that may wait for the database.
  std::optional<server::Answer> authorize(server::Request& request, std::string_view role);

  enum class Mode {
    open,    // to whoever is on this machine
    setup,   // to whoever has the setup secret
    opened,  // to everybody
    closed,
  };
  /// What holds as long as nobody is added or removed.
  Result<Mode> mode();

  /// Whether `text` is the configured token; in constant time.
  bool is_key(std::string_view text) const;
  bool has_key() const noexcept { return key_.has_value(); }
  /// What a session of somebody with the configured token is stored with.
  std::string key_mark() const;

 private:
  using Who = std::shared_ptr<const web::Principal>;
  /// Either somebody, or the refusal.
  struct Found {
    Who who = {};
    server::Answer refusal = {};
  };

  Access(store::Store& store, web::Sessions& sessions, const web::Arrival& arrival, const web::FormTokens& forms,
         Options options, std::string_view secret);

  Result<Found> find(const server::Request& request);
  Result<Found> of_bearer(const server::Request& request, std::string_view token);
  Result<Who> of_token(const server::Request& request, std::string_view token);
  Result<Who> of_session(const server::Request& request);
  server::Answer sign_in_first(const server::Request& request, Mode mode) const;
  server::Answer too_low(const server::Request& request, std::string_view role) const;
  std::optional<server::Answer> forged(const server::Request& request, const web::Principal& who) const;
  server::Answer failed(const server::Request& request, const Error& error) const;
  server::Answer page(int status, std::string_view title, std::string_view words) const;

  store::Store& store_;
  web::Sessions& sessions_;
  const web::Arrival& arrival_;
  const web::FormTokens& forms_;
  Options options_;
  std::optional<Digest> key_;  // SHA-256 of the configured token
  std::string open_session_;   // what forms are bound to where nobody has a session
  web::AttemptLimit wrong_tokens_;
};

}  // namespace logystera::access
