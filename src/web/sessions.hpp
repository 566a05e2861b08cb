// Who is signed in, in which browser.
//
// A session is 256 random bits in a cookie; the database has its SHA-256. It ends by itself after half an hour without a
// request or twelve hours in all, by signing out, and with a change of the password.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "server/message.hpp"
#include "store/account_store.hpp"
#include "web/cookies.hpp"

namespace logystera::web {

inline constexpr std::int64_t kSessionIdleSeconds = 30 * 60;
inline constexpr std::int64_t kSessionSeconds = 12 * 3600;

/// Somebody who is signed in.
struct SignedIn {
  std::int64_t user = 0;
  std::string name;
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
  Result<std::string> sign_in(std::int64_t user, std::int64_t now);
  Result<std::optional<SignedIn>> find(std::string_view secret, std::int64_t now);
  Result<Visitor> visitor(const server::Request& request, const Cookies& cookies, std::int64_t now);
  Result<Done> sign_out(std::string_view secret);

 private:
  store::AccountStore& accounts_;
};

}  // namespace logystera::web
