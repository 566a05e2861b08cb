// The people who may connect sites to this gateway, and their sessions in a browser.
//
// A session is 256 random bits in a cookie; the database has its SHA-256. It ends by itself after half an hour without a
// request or twelve hours in all, by signing out, and with a change of the password.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "store/account_store.hpp"

namespace logystera::gateway {

inline constexpr std::int64_t kSessionIdleSeconds = 30 * 60;
inline constexpr std::int64_t kSessionSeconds = 12 * 3600;
inline constexpr std::size_t kUserNameBytes = 64;

/// Somebody who is signed in.
struct SignedIn {
  std::int64_t user = 0;
  std::string name;
};

class Users {
 public:
  /// `accounts` must outlive it.
  explicit Users(store::AccountStore& accounts) : accounts_(&accounts) {}

  /// Names: 1-64 of [A-Za-z0-9._@-], without case.
  Result<Done> add(std::string_view name, std::string_view password, std::int64_t now);
  Result<Done> remove(std::string_view name);
  Result<Done> set_password(std::string_view name, std::string_view password);
  Result<std::vector<store::User>> list() { return accounts_->users(); }

  /// The user's number when there is one of that name and the password is his. Costs the same for a name nobody has.
  Result<std::optional<std::int64_t>> check(std::string_view name, std::string_view password) const;

  /// A new session's secret, 43 characters of base64url, for the cookie.
  Result<std::string> sign_in(std::int64_t user, std::int64_t now);
  Result<std::optional<SignedIn>> session(std::string_view secret, std::int64_t now);
  Result<Done> sign_out(std::string_view secret);

 private:
  store::AccountStore* accounts_;
};

}  // namespace logystera::gateway
