// Who is signed in, in which browser.
//
// A session is 256 random bits in a cookie; the database has its SHA-256. It ends by itself after half an hour without a
// request or twelve hours in all, by signing out, by its owner from elsewhere, and with a change of the password, the role or the
// sites of its user. What its user may is looked up with each request, not remembered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "server/message.hpp"
#include "store/account_store.hpp"
#include "web/cookies.hpp"
#include "web/principal.hpp"

namespace logystera::web {

inline constexpr std::int64_t kSessionIdleSeconds = 30 * 60;
inline constexpr std::int64_t kSessionSeconds = 12 * 3600;
/// How far in the future a session may have begun or been used, by a clock that was set back since. Beyond it the session ends: it
/// would live longer than it may.
inline constexpr std::int64_t kSessionAheadSeconds = 5 * 60;

/// Somebody who is signed in.
struct SignedIn {
  std::int64_t user = 0;  // 0: with the configured token
  std::string name;
  Role role = Role::viewer;
  store::SiteChoice sites = {};
  std::string key = {};      // SHA-256 of that token
  std::int64_t session = 0;  // the session's number
  std::string zone = {};     // as he chose it; empty: the browser's
};

/// Who a request comes from, as far as his cookie tells.
struct Visitor {
  std::string secret;  // of the session; empty: none
  std::optional<SignedIn> signed_in;
};

class Sessions {
 public:
  /// `accounts` must outlive it.
  explicit Sessions(store::AccountStore& accounts) : accounts_(accounts) {}

  /// A new session's secret, 43 characters of base64url, for the cookie.
  Result<std::string> sign_in(std::int64_t user, std::int64_t now) { return sign_in({.user = user, .created_at = now}); }
  Result<std::string> sign_in(const store::NewSession& session);
  /// Nobody when the session has ended, or its user was removed or disabled.
  Result<std::optional<SignedIn>> find(std::string_view secret, std::int64_t now);
  Result<Visitor> visitor(const server::Request& request, const Cookies& cookies, std::int64_t now);
  Result<Done> sign_out(std::string_view secret);

 private:
  store::AccountStore& accounts_;
};

}  // namespace logystera::web
