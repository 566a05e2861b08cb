// The people who may connect sites to this gateway.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "store/account_store.hpp"

namespace logystera::gateway {

inline constexpr std::size_t kUserNameBytes = 64;

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

 private:
  store::AccountStore* accounts_;
};

}  // namespace logystera::gateway
